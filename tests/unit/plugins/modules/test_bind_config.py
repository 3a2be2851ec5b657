from __future__ import annotations

import getpass
import grp
import json
import os
import pathlib
import typing as t

import pytest
from ansible.module_utils.basic import AnsibleModule

from ansible_collections.postmaster.mail.plugins.modules import bind_config

Run = t.Callable[..., dict[str, t.Any]]
SECRET = "c2VjcmV0IG9mIGEga2V5"

# Programs as of BIND that know what a file named rules in their folder says.
CHECKCONF = """#!/bin/sh
for last; do :; done
echo "checkconf $(dirname "$last")" >> {0}/calls
[ -f {0}/checkconf-refuses ] || exit 0
local=$(sed -n 's/^include "\\(.*named.conf.local\\)";/\\1/p' "$last")
ours=$(sed -n 's/^include "\\(.*postmaster-mail.conf\\)";/\\1/p' "$local")
echo "$ours:3: unknown option 'frobnicate'"
exit 1
"""
CHECKZONE = """#!/bin/sh
for last; do :; done
echo "checkzone $last" >> {0}/calls
grep -q garbage "$last" || exit 0
echo "dns_master_load: $last:$(grep -n garbage "$last" | cut -d: -f1): near 'garbage': bad hex encoding"
echo "zone example.org/IN: not loaded due to errors."
exit 1
"""
RNDC = """#!/bin/sh
echo "rndc $*" >> {0}/calls
case $1 in
  status) [ ! -f {0}/down ] || {{ echo "rndc: connect failed: 127.0.0.1#953: connection refused" >&2; exit 1; }};;
  reconfig|reload)
    if [ "$#" = 1 ]; then rm -rf {0}/served; mkdir {0}/served; cp {0}/data/*/*.db {0}/served/ 2>/dev/null; true
    else cp "{0}/data/static/$2.db" {0}/served/; fi;;
  zonestatus)
    [ ! -f {0}/deaf ] || {{ echo "rndc: 'zonestatus' failed: zone not loaded" >&2; exit 1; }}
    sed -n "s/^ *\\([0-9]*\\) ; serial/serial: \\1/p" "{0}/served/$2.db";;
esac
"""
RECORD = {"zone": "example.org.", "name": "mail.example.org.", "type": "A", "ttl": 60, "value": "192.0.2.25", "why": ""}
ZONE = {"name": "example.org", "nameservers": ["ns1.example.net"], "records": [RECORD]}


@pytest.fixture
def run(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, run_module: Run) -> Run:
    for name, text in (("named-checkconf", CHECKCONF), ("named-checkzone", CHECKZONE), ("rndc", RNDC)):
        (tmp_path / name).write_text(text.format(tmp_path))
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(AnsibleModule, "get_bin_path", lambda _self, name: str(tmp_path / name))
    monkeypatch.setattr(os, "fchown", lambda *_arguments: None)
    monkeypatch.setattr(os, "chown", lambda *_arguments: None)
    config = tmp_path / "etc"
    config.mkdir()
    lines = [f'include "{config}/named.conf.{name}";\n' for name in ("options", "local", "default-zones")]
    (config / "named.conf").write_text("".join(lines))
    (config / "named.conf.options").write_text("options { };\n")
    (config / "named.conf.local").write_text('zone "example.com" { type primary; file "x"; };\n')

    def run_once(**arguments: t.Any) -> dict[str, t.Any]:
        (tmp_path / "calls").write_text("")
        places = {"config_directory": str(config), "data_directory": str(tmp_path / "data"), "patience": 1}
        who = {"user": getpass.getuser(), "group": grp.getgrgid(os.getgid()).gr_name}
        return run_module(bind_config.main, **{**places, **who, **arguments})

    return run_once


def tree(folder: pathlib.Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for part in ("etc", "data")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file()
    }


def calls(folder: pathlib.Path) -> list[str]:
    return [line for line in (folder / "calls").read_text().splitlines() if line.startswith("rndc")]


def test_four_beats(run: Run, tmp_path: pathlib.Path) -> None:
    wish = {"options": {"recursion": False}, "zones": [ZONE], "keys": [{"name": "transfer", "secret": SECRET}]}
    before = tree(tmp_path)
    check = run(_ansible_check_mode=True, **wish)
    assert check["changed"]
    assert tree(tmp_path) == before
    asked = "rndc zonestatus example.org"
    assert calls(tmp_path) == [asked]
    applied = run(**wish)
    assert applied["changed"]
    assert [path for path in applied["files"] if path not in check["files"]] == []
    assert calls(tmp_path) == [asked, "rndc status", "rndc reconfig", asked]
    after = tree(tmp_path)
    assert after["etc/named.conf.local"].startswith('zone "example.com"')
    assert after["etc/named.conf.options.before-postmaster-mail"] == "options { };\n"
    assert oct((tmp_path / "etc/postmaster-mail.keys").stat().st_mode & 0o777) == "0o640"
    assert "data/pending" not in after
    for arguments in ({"_ansible_check_mode": True}, {}):
        again = run(**arguments, **wish)
        assert not again["changed"]
        assert again["files"] == []
        assert calls(tmp_path) == []
        assert again["zones"][0]["serial"] == applied["zones"][0]["serial"]
    assert tree(tmp_path) == after


def test_a_changed_record_reloads_its_zone_alone(run: Run, tmp_path: pathlib.Path) -> None:
    other = {**ZONE, "name": "example.net", "records": []}
    first = run(zones=[ZONE, other])
    second = run(zones=[{**ZONE, "records": [{**RECORD, "value": "192.0.2.26"}]}, other])
    assert [zone["changed"] for zone in second["zones"]] == [True, False]
    serials = [[zone["serial"] for zone in result["zones"]] for result in (first, second)]
    assert serials[1] == [serials[0][0] + 1, serials[0][1]]
    assert calls(tmp_path) == ["rndc status", "rndc reload example.org", "rndc zonestatus example.org"]


def test_a_broken_zone_changes_nothing(run: Run, tmp_path: pathlib.Path) -> None:
    run(zones=[ZONE])
    before = tree(tmp_path)
    broken = {**RECORD, "type": "SSHFP", "value": "garbage"}
    result = run(zones=[{**ZONE, "records": [broken]}])
    assert result["failed"]
    assert f"{tmp_path}/data/static/example.org.db:12: near 'garbage'" in result["msg"]
    assert "12: mail.example.org. 60 IN SSHFP garbage" in result["msg"]
    assert tree(tmp_path) == before
    assert calls(tmp_path) == []


def test_a_broken_configuration_changes_nothing(run: Run, tmp_path: pathlib.Path) -> None:
    before = tree(tmp_path)
    (tmp_path / "checkconf-refuses").write_text("")
    result = run(zones=[{**ZONE, "settings": {"frobnicate": True}}])
    assert f"{tmp_path}/etc/postmaster-mail.conf:3: unknown option 'frobnicate'" in result["msg"]
    assert "    3: type primary;" in result["msg"]
    assert tree(tmp_path) == before


def test_what_named_does_not_serve_is_taken_back(run: Run, tmp_path: pathlib.Path) -> None:
    run(zones=[ZONE])
    before = tree(tmp_path)
    (tmp_path / "deaf").write_text("")
    result = run(zones=[ZONE, {**ZONE, "name": "example.net", "records": []}])
    assert "zone not loaded. The former configuration is in force again." in result["msg"]
    assert tree(tmp_path) == before
    assert calls(tmp_path)[-1] == "rndc reload"


def test_records_that_named_has_read_are_taken_back_under_a_new_serial(run: Run, tmp_path: pathlib.Path) -> None:
    serial = run(zones=[ZONE])["zones"][0]["serial"]
    before = tree(tmp_path)
    (tmp_path / "deaf").write_text("")
    result = run(zones=[{**ZONE, "records": [{**RECORD, "value": "192.0.2.26"}]}])
    assert "zone not loaded. The former configuration is in force again." in result["msg"]
    expected = {name: text.replace(f"{serial} ; serial", f"{serial + 2} ; serial") for name, text in before.items()}
    assert tree(tmp_path) == expected
    (tmp_path / "deaf").unlink()
    assert not run(zones=[ZONE])["changed"]


def test_without_a_running_named_nothing_changes(run: Run, tmp_path: pathlib.Path) -> None:
    (tmp_path / "down").write_text("")
    before = tree(tmp_path)
    result = run(zones=[ZONE])
    assert "connection refused. Start it" in result["msg"]
    assert tree(tmp_path) == before


def test_an_interrupted_change_is_finished(run: Run, tmp_path: pathlib.Path) -> None:
    run(zones=[ZONE])
    (tmp_path / "data/pending").write_text("")
    result = run(zones=[ZONE])
    assert result["changed"]
    assert calls(tmp_path) == ["rndc status", "rndc reload", "rndc zonestatus example.org"]
    assert not run(zones=[ZONE])["changed"]


def test_secrets_are_in_no_result_and_no_diff(run: Run, tmp_path: pathlib.Path) -> None:
    keys = [{"name": "transfer", "secret": SECRET}]
    result = run(_ansible_diff=True, keys=keys)
    assert "transfer" in json.dumps(result["diff"])
    assert SECRET not in json.dumps({**result, "invocation": None})
    assert SECRET not in json.dumps(result["invocation"])
    changed = run(_ansible_diff=True, keys=[{"name": "transfer", "secret": "b3RoZXIgc2VjcmV0"}])
    assert [part["before_header"] for part in changed["diff"]] == [f"{tmp_path}/etc/postmaster-mail.keys"]
    assert changed["diff"][0]["before"] != changed["diff"][0]["after"]
    assert SECRET not in json.dumps(changed)


def test_a_dynamic_zone_is_written_once(run: Run, tmp_path: pathlib.Path) -> None:
    dynamic = {**ZONE, "allow_update": ["192.0.2.1"]}
    static = run(zones=[ZONE])["zones"][0]["serial"]
    changed = run(zones=[dynamic])
    assert changed["zones"][0]["serial"] == static + 1
    assert not (tmp_path / "data/static/example.org.db").exists()
    file = tmp_path / "data/dynamic/example.org.db"
    left = "as named left it\n    2026013199 ; serial\n"
    file.write_text(left)
    assert not run(zones=[{**dynamic, "records": []}])["changed"]
    assert run(zones=[{**dynamic, "allow_update": ["192.0.2.2"]}])["changed"]
    assert file.read_text() == left
    refused = run(zones=[ZONE])
    assert "rndc sync -clean example.org" in refused["msg"]
    file.rename(f"{file}.jnl")
    refused = run(zones=[dynamic])
    assert "there is a journal" in refused["msg"]


def test_a_zone_that_is_gone_leaves_no_files_but_keys(run: Run, tmp_path: pathlib.Path) -> None:
    other = {**ZONE, "name": "example.net", "records": []}
    run(zones=[ZONE, other])
    static = tmp_path / "data/static"
    for name in ("example.net.db.signed", "example.net.db.jbk", "example.org.db.signed"):
        (static / name).write_text("")
    key = tmp_path / "data/keys/Kexample.net.+013+00001.key"
    key.write_text("")
    result = run(zones=[ZONE])
    assert str(static / "example.net.db") in result["files"]
    assert sorted(path.name for path in static.iterdir()) == ["example.org.db", "example.org.db.signed"]
    assert key.exists()


def test_views_and_back(run: Run, tmp_path: pathlib.Path) -> None:
    run(zones=[ZONE])
    plain = tree(tmp_path)
    views = [{"name": "inside", "clients": ["192.0.2.0/24"]}, {"name": "outside"}]
    assert run(_ansible_check_mode=True, views=views, zones=[{**ZONE, "view": "inside"}])["changed"]
    assert "must be one of inside, outside" in run(views=views, zones=[ZONE])["msg"]
    assert tree(tmp_path) == plain


def test_a_new_file_begins_above_what_was_served(run: Run, tmp_path: pathlib.Path) -> None:
    run(zones=[ZONE])
    served = tmp_path / "served/example.org.db"
    # Signatures have moved the serial on.
    served.write_text("    2099010107 ; serial\n")
    views = [{"name": "inside"}]
    check = run(_ansible_check_mode=True, views=views, zones=[{**ZONE, "view": "inside"}])
    assert check["zones"][0]["serial"] == 2099010108


@pytest.mark.parametrize("running", [True, False])
def test_absent_leaves_bind_as_it_was_found(run: Run, tmp_path: pathlib.Path, running: bool) -> None:
    before = tree(tmp_path)
    run(zones=[ZONE], keys=[{"name": "transfer", "secret": SECRET}])
    (tmp_path / "data/secondary/example.net.db").write_text("")
    if not running:
        (tmp_path / "down").write_text("")
    present = tree(tmp_path)
    check = run(_ansible_check_mode=True, _ansible_diff=True, state="absent")
    assert check["changed"]
    assert SECRET not in json.dumps(check)
    assert tree(tmp_path) == present
    result = run(state="absent")
    assert (result["changed"], result["files"]) == (True, check["files"])
    assert tree(tmp_path) == before
    told = [line for line in (tmp_path / "calls").read_text().splitlines() if line.startswith("rndc")]
    assert ("rndc reconfig" in told) is running
    assert not run(state="absent")["changed"]


def test_absent_keeps_what_is_nowhere_else(run: Run, tmp_path: pathlib.Path) -> None:
    run(zones=[ZONE, {**ZONE, "name": "example.net", "records": [], "allow_update": ["none"]}])
    key = tmp_path / "data/keys/Kexample.org.+013+00001.key"
    key.write_text("")
    run(state="absent")
    left = sorted(str(path.relative_to(tmp_path / "data")) for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert left == ["dynamic/example.net.db", f"keys/{key.name}"]


def test_absent_is_refused_where_others_need_what_is_ours(run: Run, tmp_path: pathlib.Path) -> None:
    run(zones=[ZONE])
    (tmp_path / "checkconf-refuses").write_text("")
    present = tree(tmp_path)
    assert "nothing was changed" in run(state="absent")["msg"]
    assert tree(tmp_path) == present


@pytest.mark.usefixtures("without_programs")
def test_before_bind_is_installed(run_module: Run) -> None:
    wish = {"zones": [ZONE], "config_directory": "/nonexistent/etc", "data_directory": "/nonexistent/data"}
    result = run_module(bind_config.main, _ansible_check_mode=True, user="nobody-at-all", **wish)
    assert result["changed"]
    assert "not installed yet" in json.dumps(result["warnings"])
    assert "Install BIND first" in run_module(bind_config.main, **wish)["msg"]
