# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib.util
import json
import pathlib
import subprocess
import types
import typing as t

import pytest

_PROGRAM = pathlib.Path(__file__).resolve().parents[3] / "roles" / "dns" / "files" / "dns_dynamic.py"
_CONFIG: dict[str, t.Any] = {
    "user": "postmaster-dns",
    "key_file": "",
    "server": "192.0.2.53",
    "port": 53,
    "zone": "",
    "names": ["mail.example.org"],
    "families": ["ipv4", "ipv6"],
    "interface": "",
    "networks": [],
    "ttl": 300,
}
_LINKS = [
    {"ifname": "lo", "addr_info": [{"family": "inet", "local": "127.0.0.1"}, {"family": "inet6", "local": "::1"}]},
    {"ifname": "down"},
    {
        "ifname": "eth0",
        "addr_info": [
            {"family": "inet", "local": "8.8.8.25"},
            {"family": "inet", "local": "10.0.0.25"},
            {"family": "inet6", "local": "fe80::1"},
            {"family": "inet6", "local": "fd00::1"},
            {"family": "inet6", "local": "2600::1"},
            {"family": "inet6", "local": "2600::2", "temporary": True},
            {"family": "inet6", "local": "2600::3", "deprecated": True},
            {"family": "inet6", "local": "2600::4", "tentative": True},
        ],
    },
]
_ANSWER = """\
;; Got answer:
;; ->>HEADER<<- opcode: QUERY, status: {status}, id: 21096
;; flags: qr {flags} rd; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 2

;; ANSWER SECTION:
{records}
;; TSIG PSEUDOSECTION:
writer.\t\t\t0\tANY\tTSIG\thmac-sha256. 1795361055 300 32 9EMv== 21096 NOERROR 0
"""


@pytest.fixture
def program() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("dns_dynamic", _PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Host:
    """Answers for ip, dig and nsupdate, and remembers what nsupdate was told."""

    def __init__(self, records: str = "", *, status: str = "NOERROR", flags: str = "aa") -> None:
        self.links: list[dict[str, t.Any]] = list(_LINKS)
        self.answer = _ANSWER.format(status=status, flags=flags, records=records)
        self.update = (0, "")
        self.told: list[str] = []
        self.asked: list[list[str]] = []
        self.keys: list[str] = []

    def run(self, argv: t.Sequence[str], script: str = "") -> subprocess.CompletedProcess[str]:
        if argv[0] == "ip":
            return subprocess.CompletedProcess(argv, 0, json.dumps(self.links), "")
        if argv[0] == "dig":
            self.asked.append(list(argv))
            self.keys += [pathlib.Path(argv[2]).read_text()] if argv[1] == "-k" else []
            wanted = argv[-1]
            lines = [line for line in self.answer.splitlines() if "\tIN\t" not in line or f"\t{wanted}\t" in line]
            return subprocess.CompletedProcess(argv, 0, "\n".join(lines), "")
        self.told.append(script)
        return subprocess.CompletedProcess(argv, self.update[0], "", self.update[1])


@pytest.fixture
def start(program: types.ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> t.Callable[..., int]:
    def start(host: Host, **settings: t.Any) -> int:
        config = tmp_path / "config.json"
        config.write_text(json.dumps({**_CONFIG, **settings}))
        monkeypatch.setattr(program, "run", host.run)
        monkeypatch.setattr("sys.argv", ["dns_dynamic.py", str(config)])
        monkeypatch.setattr("os.geteuid", lambda: 1000)
        return int(program.main())

    return start


def record(rtype: str, value: str, ttl: int = 300) -> str:
    return f"mail.example.org.\t{ttl}\tIN\t{rtype}\t{value}"


_CURRENT = f"{record('A', '8.8.8.25')}\n{record('AAAA', '2600::1')}"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {"ipv4": {"8.8.8.25"}, "ipv6": {"2600::1"}}),
        ({"families": ["ipv4"]}, {"ipv4": {"8.8.8.25"}}),
        ({"networks": ["10.0.0.0/8", "fd00::/8"]}, {"ipv4": {"10.0.0.25"}, "ipv6": {"fd00::1"}}),
        ({"networks": ["192.0.2.0/24"]}, {"ipv4": set(), "ipv6": set()}),
    ],
)
def test_addresses_to_publish(program: types.ModuleType, settings: dict[str, t.Any], expected: object) -> None:
    assert program.own_addresses(_LINKS, {**_CONFIG, **settings}) == expected


def test_nothing_is_sent_when_nothing_changed(start: t.Callable[..., int]) -> None:
    host = Host(_CURRENT)
    assert start(host) == 0
    assert host.told == []
    assert [argv[-1] for argv in host.asked] == ["A", "AAAA"]


def test_a_new_address_replaces_the_old_one(
    start: t.Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path
) -> None:
    (tmp_path / "key").write_text("the key")
    host = Host(f"{record('A', '8.8.8.8')}\n{record('AAAA', '2600:0::1')}")
    assert start(host, zone="example.org", key_file=str(tmp_path / "key")) == 0
    assert host.told == [
        "server 192.0.2.53 53\n"
        "zone example.org\n"
        "prereq yxrrset mail.example.org. IN A 8.8.8.8\n"
        "update add mail.example.org. 300 IN A 8.8.8.25\n"
        "update delete mail.example.org. IN A 8.8.8.8\n"
        "send\n"
    ]
    assert capsys.readouterr().out == "mail.example.org A: 8.8.8.8 -> 8.8.8.25\n"
    assert host.keys == ["the key"] * 2
    assert not pathlib.Path(host.asked[0][2]).exists()


def test_a_family_that_is_gone_and_a_new_name(start: t.Callable[..., int]) -> None:
    host = Host(record("AAAA", "2600::9"))
    host.links = [{"addr_info": [{"family": "inet", "local": "8.8.8.25"}]}]
    assert start(host) == 0
    assert host.told[0].splitlines()[1:-1] == [
        "prereq nxrrset mail.example.org. IN A",
        "prereq yxrrset mail.example.org. IN AAAA 2600::9",
        "update add mail.example.org. 300 IN A 8.8.8.25",
        "update delete mail.example.org. IN AAAA 2600::9",
    ]


def test_another_ttl_is_set(start: t.Callable[..., int]) -> None:
    host = Host(_CURRENT)
    assert start(host, ttl=60) == 0
    assert "update add mail.example.org. 60 IN AAAA 2600::1" in host.told[0]
    assert "delete" not in host.told[0]


@pytest.mark.parametrize(
    ("host", "said"),
    [
        (Host(status="REFUSED"), "asking 192.0.2.53 for mail.example.org A: REFUSED: permit it at the server"),
        (Host(status="NOTAUTH, BADKEY"), "A: BADKEY: the server does not know this key"),
        (Host(status="NOTAUTH, BADSIG"), "A: BADSIG: the secret of the key differs"),
        (Host(flags=""), "192.0.2.53 is not authoritative for mail.example.org"),
    ],
)
def test_servers_that_do_not_answer_well(
    start: t.Callable[..., int], capsys: pytest.CaptureFixture[str], host: Host, said: str
) -> None:
    assert start(host) == 1
    assert said in capsys.readouterr().err
    assert host.told == []


def test_an_update_that_is_refused_fails_but_stops_no_other_name(
    start: t.Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    host = Host()
    host.update = (2, "update failed: REFUSED\n")
    assert start(host, names=["mail.example.org", "www.example.org"]) == 1
    assert len(host.told) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("updating mail.example.org at 192.0.2.53: REFUSED: permit it at the server")
    assert len(lines) == 2


def test_a_host_without_address_keeps_its_records(
    start: t.Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    host = Host(_CURRENT)
    host.links = _LINKS[:2]
    assert start(host) == 1
    assert capsys.readouterr().err == "This host has no address to publish; the records stay as they are\n"
    assert host.told == []


def test_a_cname_is_not_touched(program: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = _ANSWER.format(status="NOERROR", flags="aa", records=record("CNAME", "a.example.org."))
    monkeypatch.setattr(program, "run", lambda argv, _script="": subprocess.CompletedProcess(argv, 0, answer, ""))
    with pytest.raises(program.CannotUpdateError, match="is a CNAME to a.example.org"):
        program.read_published(_CONFIG, [], "mail.example.org", "A")


def test_root_becomes_the_user_that_has_no_rights(program: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, object]] = []
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(program.pwd, "getpwnam", lambda _user: types.SimpleNamespace(pw_uid=995, pw_gid=994))
    for name in ("setgroups", "setgid", "setuid"):
        monkeypatch.setattr(f"os.{name}", lambda value, name=name: calls.append((name, value)))
    program.become("postmaster-dns")
    assert calls == [("setgroups", []), ("setgid", 994), ("setuid", 995)]


def test_a_program_that_is_missing(program: types.ModuleType) -> None:
    with pytest.raises(program.CannotUpdateError, match="/nonexistent/dig cannot be started: No such file"):
        program.run(["/nonexistent/dig"])
