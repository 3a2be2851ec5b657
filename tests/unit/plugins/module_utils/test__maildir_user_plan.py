# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._account import AccountError, AppPasswordWish, Wish
from ansible_collections.postmaster.mail.plugins.module_utils._account_fields import NO_NETWORK
from ansible_collections.postmaster.mail.plugins.module_utils._maildir import DirectoryStep
from ansible_collections.postmaster.mail.plugins.module_utils._maildir_user_plan import (
    AccountChange,
    Plan,
    Policy,
    compute_plan,
)
from ansible_collections.postmaster.mail.plugins.module_utils._maildir_user_report import diff_of, result_of
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import AppPassword, Entry, parse

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
    hashes = {(address, name): "{NEW}hash" for address, name, _password in changes.passwords()}
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


OLD_HOME = "/var/vmail/example.org/alice"
NEW_HOME = "/var/vmail/example.org/smith"
RENAME = Wish("smith@example.org", rename_from="alice@example.org")


def test_a_renamed_account_keeps_all_but_its_address() -> None:
    changes = plan(ALICE, RENAME, store=FakeStore(homes={OLD_HOME}))
    change = changes.changes[0]
    assert (change.moved_from, change.home, change.former) == (OLD_HOME, NEW_HOME, "alice@example.org")
    assert change.loses_sessions
    assert not change.steps
    records = changes.records({})
    assert records["alice@example.org"] is None
    assert records["smith@example.org"] == replace(
        parse(ALICE.encode()).accounts["alice@example.org"], user="smith@example.org", home=NEW_HOME
    )
    result = result_of(change)
    assert (result["renamed_from"], result["created"], result["state_before"]) == (
        "alice@example.org",
        False,
        "present",
    )


def test_an_account_that_was_renamed_stays() -> None:
    assert not plan(ALICE.replace("alice@", "smith@").replace(OLD_HOME, NEW_HOME), RENAME).changed


def test_a_new_account_may_have_a_former_address_that_never_was() -> None:
    change = plan("", replace(RENAME, password="x")).changes[0]
    assert change.old is None
    assert change.moved_from is None


@pytest.mark.parametrize(
    ("homes", "home", "moved_from"),
    [
        (set(), NEW_HOME, None),
        ({NEW_HOME}, NEW_HOME, None),
    ],
)
def test_a_home_that_was_moved_or_never_made(homes: set[str], home: str, moved_from: str | None) -> None:
    change = plan(ALICE, RENAME, store=FakeStore(homes=homes)).changes[0]
    assert (change.home, change.moved_from) == (home, moved_from)


def test_a_home_of_its_own_stays() -> None:
    text = ALICE.replace(OLD_HOME, "/var/vmail/elsewhere")
    change = plan(text, RENAME, store=FakeStore(homes={"/var/vmail/elsewhere"})).changes[0]
    assert (change.home, change.moved_from) == ("/var/vmail/elsewhere", None)


@pytest.mark.parametrize(
    ("text", "homes", "error"),
    [
        (ALICE, {OLD_HOME, NEW_HOME}, "cannot become /var/vmail/example.org/smith, which exists already"),
        (ALICE + ALICE.replace("alice", "smith"), {OLD_HOME}, "both it and alice@example.org, its rename_from, exist"),
    ],
)
def test_two_that_exist_are_not_made_one(text: str, homes: set[str], error: str) -> None:
    with pytest.raises(AccountError, match=error):
        plan(text, RENAME, store=FakeStore(homes=homes))


def test_purging_leaves_the_account_that_is_renamed() -> None:
    policy = replace(POLICY, purge=True, on_remove="delete")
    changes = plan(ALICE, RENAME, policy=policy, store=FakeStore(homes={OLD_HOME}))
    assert [change.address for change in changes.changes] == ["smith@example.org"]


@pytest.mark.parametrize(
    ("day", "locked"), [("2026-01-01", True), ("2026-01-02", True), ("2026-01-03", False), ("never", False)]
)
def test_logins_end_on_the_day(day: str, locked: bool) -> None:
    change = one(ALICE, expires=day)
    assert change.after == ("disabled" if locked else "present")
    assert change.loses_sessions == locked
    assert result_of(change)["expires"] == (None if day == "never" else day)


def test_a_day_that_came_stays_in_force_until_another_is_said() -> None:
    expired = line(ALICE, Wish("alice@example.org", expires="2026-01-01"))
    assert "expires=2026-01-01 nologin" in expired
    assert not plan(expired, Wish("alice@example.org")).changed
    assert line(expired, Wish("alice@example.org", expires="never")) == ALICE


def phone(**options: t.Any) -> AppPasswordWish:
    return AppPasswordWish(name="phone", **options)


def with_apps(*names: str) -> dict[str, Entry]:
    entry = parse(ALICE.encode()).accounts["alice@example.org"]
    apps = tuple(AppPassword(name, f"{{PLAIN}}{name}1", ("imap", "pop3", "smtp", "sieve")) for name in names)
    return {entry.user: replace(entry, app_passwords=apps)}


def apps_plan(current: dict[str, Entry], *apps: AppPasswordWish, **options: t.Any) -> Plan:
    wish = Wish("alice@example.org", app_passwords=apps, **options)
    return compute_plan(current, (wish,), POLICY, FakeVerifier(), FakeStore())


def test_app_passwords_are_hashed_and_then_verified() -> None:
    changes = apps_plan(with_apps(), phone(password="phone1"))
    assert list(changes.passwords()) == [("alice@example.org", "phone", "phone1")]
    assert not changes.changes[0].loses_sessions
    record = changes.records({("alice@example.org", "phone"): "{PLAIN}phone1"})["alice@example.org"]
    assert record == with_apps("phone")["alice@example.org"]
    assert not apps_plan(with_apps("phone"), phone(password="phone1")).changed
    assert not apps_plan(with_apps("phone"), phone()).changed


def test_app_passwords_that_nobody_speaks_of_stay() -> None:
    assert not compute_plan(
        with_apps("phone"), (Wish("alice@example.org"),), POLICY, FakeVerifier(), FakeStore()
    ).changed


@pytest.mark.parametrize(
    "apps", [(), (phone(password="other"),), (phone(services=("imap",)),), (phone(allow_nets=("192.0.2.1",)),)]
)
def test_sessions_end_when_an_app_password_goes_or_changes(apps: tuple[AppPasswordWish, ...]) -> None:
    assert apps_plan(with_apps("phone"), *apps).changes[0].loses_sessions


def test_app_passwords_keep_their_slots() -> None:
    tablet = AppPasswordWish(name="tablet", password="tablet1")
    assert not apps_plan(with_apps("phone", "tablet"), tablet, phone()).changed
    changes = apps_plan(with_apps("phone", "tablet"), AppPasswordWish(name="new", password_hash="{PLAIN}n"), tablet)
    record = changes.records({})["alice@example.org"]
    assert record is not None
    assert [app.name for app in record.app_passwords] == ["tablet", "new"]


def test_a_new_app_password_needs_one() -> None:
    with pytest.raises(AccountError, match="app password phone does not exist yet"):
        apps_plan(with_apps(), phone())


def test_app_passwords_are_shown_without_the_secret() -> None:
    changes = apps_plan(with_apps("phone"), phone(password="other", services=("imap",)))
    diff = diff_of(changes, "/etc/dovecot/users", None)
    assert "app_password='phone' for imap (changed)" in diff["after"]
    assert "app_password='phone' for imap,pop3,smtp,sieve\n" in diff["before"]
    assert "other" not in diff["after"]
    assert "phone1" not in repr(changes)
