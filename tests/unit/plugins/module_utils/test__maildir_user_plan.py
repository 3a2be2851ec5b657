# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._account import AccountError, Wish
from ansible_collections.postmaster.mail.plugins.module_utils._maildir import DirectoryStep
from ansible_collections.postmaster.mail.plugins.module_utils._maildir_user_plan import (
    NO_NETWORK,
    AccountChange,
    Plan,
    Policy,
    compute_plan,
)
from ansible_collections.postmaster.mail.plugins.module_utils._maildir_user_report import diff_of, result_of
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import Entry, parse

POLICY = Policy(mail_root="/var/vmail", grammar_2_4=True, purge=False, on_remove="keep", stamp="20260102T030405Z")
ALICE = "alice@example.org:{PLAIN}secret:::Alice:/var/vmail/example.org/alice::userdb_quota_storage_size=1G note=1\n"


@dataclass
class FakeVerifier:
    """Passwords are stored as {SCHEME}password; counts how often it was asked."""

    scheme: str = "PLAIN"
    asked: int = 0

    def matches(self, password_hash: str, password: str, address: str) -> bool:
        assert "@" in address
        self.asked += 1
        return password_hash.partition("}")[2] == password

    def is_current(self, password_hash: str) -> bool:
        return password_hash.startswith(f"{{{self.scheme}}}")


@dataclass
class FakeStore:
    homes: set[str] = field(default_factory=set)
    missing: dict[str, tuple[DirectoryStep, ...]] = field(default_factory=dict)

    def check(self, home: str) -> None:
        assert home.startswith("/var/vmail/")

    def exists(self, home: str) -> bool:
        return home in self.homes

    def steps(self, home: str) -> tuple[DirectoryStep, ...]:
        return self.missing.get(home, ())

    def archive_name(self, address: str, stamp: str) -> str:
        return f"/archive/{address}-{stamp}"


def plan(
    text: str,
    *wishes: Wish,
    policy: Policy = POLICY,
    verifier: FakeVerifier | None = None,
    store: FakeStore | None = None,
) -> Plan:
    return compute_plan(parse(text.encode()).accounts, wishes, policy, verifier or FakeVerifier(), store or FakeStore())


def one(text: str, **options: t.Any) -> AccountChange:
    return plan(text, Wish(address="alice@example.org", **options)).changes[0]


def line(text: str, wish: Wish, policy: Policy = POLICY) -> str:
    changes = plan(text, wish, policy=policy)
    hashes = {change.address: "{NEW}hash" for change in changes.changes}
    return parse(text.encode()).replaced(changes.records(hashes)).decode()


def test_new_account() -> None:
    wish = Wish("alice@example.org", password="secret", name="Alice", quota=1 << 30, allow_nets=("192.0.2.0/24", "::1"))
    assert line("", wish) == (
        "alice@example.org:{NEW}hash:::Alice:/var/vmail/example.org/alice::"
        "allow_nets=192.0.2.0/24,::1 userdb_quota_storage_size=1G\n"
    )
    change = plan("", wish).changes[0]
    assert (change.before, change.after) == ("absent", "present")
    assert not change.password_changed
    assert not change.loses_sessions


def test_new_account_needs_a_password() -> None:
    with pytest.raises(AccountError, match="give it a password or password_hash"):
        one("")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"password": "secret"},
        {"password": "other", "update_password": "on_create"},
        {"password_hash": "{PLAIN}secret"},
        {"password_hash": "{PLAIN}other", "update_password": "on_create"},
        {"quota": 1 << 30},
        {"name": "Alice"},
        {"home": "/var/vmail/example.org/alice"},
        {"extra_fields": (("note", "note=1"), ("gone", None))},
        {"allow_nets": ()},
    ],
)
def test_nothing_to_do(options: dict[str, t.Any]) -> None:
    change = one(ALICE, **options)
    assert not change.changed
    assert change.old == change.new


@pytest.mark.parametrize(
    ("options", "tail"),
    [
        ({"quota": 0}, "userdb_quota_storage_size=unlimited note=1"),
        ({"quota": 5 << 20}, "userdb_quota_storage_size=5M note=1"),
        ({"extra_fields": (("note", None), ("flag", "flag"))}, "userdb_quota_storage_size=1G flag"),
        ({"allow_nets": ("local",)}, "userdb_quota_storage_size=1G note=1 allow_nets=local"),
        ({"state": "disabled"}, f"userdb_quota_storage_size=1G note=1 nologin {NO_NETWORK}"),
    ],
)
def test_extra_fields(options: dict[str, t.Any], tail: str) -> None:
    expected = f"alice@example.org:{{PLAIN}}secret:::Alice:/var/vmail/example.org/alice::{tail}\n"
    assert line(ALICE, Wish("alice@example.org", **options)) == expected


def test_disable_and_enable_leaves_the_line_as_it_was() -> None:
    text = ALICE.replace("note=1", "note=1 allow_nets=192.0.2.0/24")
    disabled = line(text, Wish("alice@example.org", state="disabled"))
    assert not plan(disabled, Wish("alice@example.org", state="disabled")).changed
    assert line(disabled, Wish("alice@example.org")) == text


def test_disabled_account_takes_new_networks() -> None:
    disabled = line(ALICE, Wish("alice@example.org", state="disabled"))
    changed = line(disabled, Wish("alice@example.org", state="disabled", allow_nets=("local",)))
    assert changed.endswith(f"nologin allow_nets=local {NO_NETWORK}\n")


def test_account_that_was_only_half_disabled() -> None:
    change = one(ALICE.replace("note=1", "nologin"), state="disabled")
    assert change.changed
    assert (change.before, change.after) == ("disabled", "disabled")


@pytest.mark.parametrize(
    ("options", "sessions"),
    [
        ({"password": "other"}, True),
        ({"password_hash": "{PLAIN}other"}, True),
        ({"state": "disabled"}, True),
        ({"state": "absent"}, True),
        ({"quota": 5}, False),
    ],
)
def test_sessions(options: dict[str, t.Any], sessions: bool) -> None:
    assert one(ALICE, **options).loses_sessions is sessions


def test_scheme_upgrade() -> None:
    wish = Wish("alice@example.org", password="secret")
    change = plan(ALICE, wish, verifier=FakeVerifier(scheme="NEW")).changes[0]
    assert change.scheme_upgraded
    assert not change.password_changed
    assert not change.loses_sessions


@pytest.mark.parametrize(
    ("old", "grammar_2_4", "new"),
    [
        ("userdb_quota_rule=*:storage=1G a=1", True, "userdb_quota_storage_size=1G a=1"),
        ("a=1 userdb_quota_storage_size=unlimited", False, "a=1 userdb_quota_rule=*:storage=0"),
        ("userdb_quota_rule=*:storage=1G:messages=5", True, "userdb_quota_rule=*:storage=1G:messages=5"),
        (
            "userdb_quota_rule=*:storage=1G userdb_quota_storage_size=1G",
            False,
            "userdb_quota_rule=*:storage=1G userdb_quota_storage_size=1G",
        ),
    ],
)
def test_quota_follows_the_daemon(old: str, grammar_2_4: bool, new: str) -> None:
    text = f"alice@example.org:x::::/var/vmail/a::{old}\n"
    expected = f"alice@example.org:x::::/var/vmail/a::{new}\n"
    assert line(text, Wish("alice@example.org"), replace(POLICY, grammar_2_4=grammar_2_4)) == expected


def test_home_of_the_entry_is_kept_and_an_empty_one_filled() -> None:
    assert one("alice@example.org:x::::/var/vmail/a::\n").home == "/var/vmail/a"
    change = one("alice@example.org:x\n")
    assert change.new == Entry("alice@example.org", "x", home="/var/vmail/example.org/alice")


def test_entry_with_ids_of_its_own_keeps_its_directories() -> None:
    home = "/var/vmail/example.org/alice"
    store = FakeStore(missing={home: (DirectoryStep(home, "create"),)})
    wish = Wish("alice@example.org")
    assert plan(ALICE, wish, store=store).changes[0].steps
    assert not plan(ALICE.replace(":::Alice", ":1000:1000:Alice"), wish, store=store).changed


@pytest.mark.parametrize(
    ("on_remove", "archived_to", "deleted"),
    [("keep", None, False), ("archive", "/archive/alice@example.org-20260102T030405Z", False), ("delete", None, True)],
)
@pytest.mark.parametrize("text", [ALICE, ""])
def test_removal(text: str, on_remove: t.Any, archived_to: str | None, deleted: bool) -> None:
    store = FakeStore(homes={"/var/vmail/example.org/alice"})
    wish = Wish("alice@example.org", state="absent", on_remove=on_remove)
    change = plan(text, wish, store=store).changes[0]
    assert (change.archived_to, change.deleted) == (archived_to, deleted)
    assert change.changed is (text != "" or on_remove != "keep")
    assert not plan("", wish).changed


@pytest.mark.parametrize(
    "other", ["/var/vmail/example.org/alice", "/var/vmail/example.org/alice/sub", "/var/vmail/example.org"]
)
def test_home_that_holds_the_mail_of_another_account_is_not_removed(other: str) -> None:
    wish = Wish("alice@example.org", state="absent", on_remove="delete")
    store = FakeStore(homes={"/var/vmail/example.org/alice"})
    with pytest.raises(AccountError, match="also holds the mail of bob"):
        plan(f"{ALICE}bob@example.org:x::::{other}::\n", wish, store=store)


def test_purge() -> None:
    text = f"# accounts\n{ALICE}bob@example.org:x\n"
    policy = replace(POLICY, purge=True, on_remove="delete")
    store = FakeStore(homes={"/var/vmail/example.org/bob"})
    changes = plan(text, Wish("alice@example.org"), policy=policy, store=store)
    assert [(change.address, change.after, change.deleted) for change in changes.changes] == [
        ("alice@example.org", "present", False),
        ("bob@example.org", "absent", True),
    ]
    assert parse(text.encode()).replaced(changes.records({})).decode() == f"# accounts\n{ALICE}"


def test_ten_thousand_accounts() -> None:
    text = "".join(
        f"u{number}@example.org:{{PLAIN}}p{number}::::/var/vmail/example.org/u{number}::\n" for number in range(10_000)
    )
    wishes = [Wish(f"u{number}@example.org", password_hash=f"{{PLAIN}}p{number}") for number in range(10_000)]
    verifier = FakeVerifier()
    assert not plan(text, *wishes, verifier=verifier).changed
    wishes[7] = Wish("u7@example.org", state="absent", on_remove="delete")
    store = FakeStore(homes={"/var/vmail/example.org/u7"})
    changes = plan(text, *wishes, verifier=verifier, store=store)
    assert [change.address for change in changes.changes if change.changed] == ["u7@example.org"]
    assert len(parse(text.encode()).replaced(changes.records({})).splitlines()) == 9_999
    assert verifier.asked == 0


def test_report_shows_no_secret() -> None:
    text = ALICE.replace("note=1", "pass=proxy-secret")
    store = FakeStore(
        homes={"/var/vmail/example.org/bob"},
        missing={"/var/vmail/example.org/alice": (DirectoryStep("/var/vmail/example.org/alice", "create"),)},
    )
    changes = plan(
        text + "bob@example.org:{PLAIN}bob-secret\n",
        Wish("alice@example.org", password="new-secret", state="disabled"),
        Wish("bob@example.org", state="absent", on_remove="archive"),
        store=store,
    )
    diff = diff_of(changes, "/etc/dovecot/users", None)
    shown = repr(changes) + repr(diff) + repr([result_of(change) for change in changes.changes])
    assert "secret" not in shown
    assert diff["before"] == (
        "alice@example.org: state=present password=(set) home=/var/vmail/example.org/alice name='Alice' "
        "userdb_quota_storage_size=1G extra_fields=pass\n"
        "bob@example.org: state=present password=(set) home=\n"
        "/var/vmail/example.org/bob: directory\n"
    )
    assert diff["after"] == (
        "alice@example.org: state=disabled password=(changed) home=/var/vmail/example.org/alice name='Alice' "
        "userdb_quota_storage_size=1G extra_fields=pass\n"
        "/var/vmail/example.org/alice: create directory\n"
        "/archive/bob@example.org-20260102T030405Z: directory\n"
    )
