# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import pathlib
import stat
import typing as t
from dataclasses import replace

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _ldap_client, _ldif
from ansible_collections.postmaster.mail.plugins.module_utils._account import AccountError, AppPasswordWish, Wish
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend import AccountBackendError
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend_ldap import (
    LdapBackend,
    directory_option,
    parse_directory,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_fields import NO_NETWORK
from ansible_collections.postmaster.mail.plugins.module_utils._account_ldap_hashes import from_stored, to_stored
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import AppPassword, Entry
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult

BASE = "ou=mail,dc=example,dc=org"
SECRET = "Wr1ter's secret"
ALL = {
    "home": "mailHome",
    "quota": "mailQuota",
    "disabled": "mailDisabled",
    "allow_nets": "mailNets",
    "expires": "mailExpires",
    "app_passwords": "mailAppPassword",
}
TRANSACTIONS = "supportedExtension: 1.3.6.1.1.21.1\n"
FOUND = (pathlib.Path(__file__).parents[2] / "fixtures" / "ldapsearch-2.6.10-accounts.ldif").read_text()
ALICE = Entry("alice@example.org", "{SHA512-CRYPT}$6$a", gecos="Alice", home="/var/vmail/example.org/alice")


class FakeDirectory:
    """Answers as the tools of OpenLDAP do, and keeps what it is told."""

    def __init__(self, found: str = "", rc: int = 0, stderr: str = "", further: str = "") -> None:
        self.found = found
        self.further = further
        self.result = (rc, stderr)
        self.steps = ""
        self.judged = ""
        self.extensions = TRANSACTIONS
        self.argv: list[str] = []
        self.changes = ""
        self.secret_mode = 0

    def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
        self.argv = list(argv)
        path = argv[argv.index("-y") + 1]
        assert pathlib.Path(path).read_text() == SECRET
        self.secret_mode = stat.S_IMODE(os.stat(path).st_mode)
        rc, stderr = self.result
        if "supportedExtension" in argv:
            return CommandResult(0, self.extensions, "")
        if "!noop" in argv:
            return CommandResult(rc, self.steps, self.judged)
        if data is not None:
            self.changes += data
            return CommandResult(rc, self.steps, stderr)
        return CommandResult(rc, self.further if "(objectClass=mailAppPassword)" in argv else self.found, stderr)


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ldap_client.shutil, "which", lambda tool: f"/usr/bin/{tool}")


def options(attributes: dict[str, str] | None = None, **more: t.Any) -> dict[str, t.Any]:
    spec = directory_option()["options"]
    names = {name: one["default"] for name, one in spec["attributes"]["options"].items()}
    return {
        **{name: one.get("default") for name, one in spec.items()},
        "uris": ["ldap://ldap.example.org"],
        "base": BASE,
        "ca_file": "/etc/ssl/ca.pem",
        "bind_dn": "cn=writer,dc=example,dc=org",
        "bind_password": SECRET,
        "attributes": {**names, **(attributes or {})},
        **more,
    }


def backend(directory: FakeDirectory, *, grammar_2_4: bool = True, **more: t.Any) -> LdapBackend:
    place, layout = parse_directory(options(**more))
    return LdapBackend(place, layout, directory, mail_root="/var/vmail", grammar_2_4=grammar_2_4)


def entry(dn: str, **attributes: t.Any) -> str:
    values = {name: [one] if isinstance(one, str) else one for name, one in attributes.items()}
    return _ldif.add(dn, {"objectClass": ["inetOrgPerson"], **values}).replace("changetype: add\n", "")


def test_accounts_are_read() -> None:
    directory = FakeDirectory(FOUND)
    records = backend(directory).read()
    assert records["alice@example.org"] == Entry(
        "alice@example.org", "{PLAIN}Correct-Horse-1", home="/var/vmail/example.org/alice"
    )
    assert records["zoe@example.org"].gecos == "Zo\u00eb \u00c9xample "
    assert records["zoe@example.org"].password == "{SHA512-CRYPT}$6$abc$def"
    assert "(&(objectClass=inetOrgPerson)(mail=*))" in directory.argv


def test_the_password_is_in_a_file_that_is_gone() -> None:
    directory = FakeDirectory()
    backend(directory).read()
    assert SECRET not in " ".join(directory.argv)
    assert directory.secret_mode == 0o600
    assert not os.path.exists(directory.argv[directory.argv.index("-y") + 1])
    assert directory.argv[:3] == ["env", "LDAPTLS_REQCERT=demand", "LDAPTLS_CACERT=/etc/ssl/ca.pem"]
    assert "-ZZ" in directory.argv
    assert SECRET not in repr(parse_directory(options()))


@pytest.mark.parametrize(
    ("grammar_2_4", "extra"),
    [
        (True, ()),
        (True, ("userdb_quota_storage_size=1G",)),
        (False, ("userdb_quota_rule=*:storage=500M",)),
        (True, ("userdb_quota_storage_size=unlimited",)),
        (True, ("allow_nets=192.0.2.0/24,::1",)),
        (True, ("nologin", NO_NETWORK)),
        (True, ("userdb_quota_storage_size=1K", "allow_nets=192.0.2.1", "nologin", NO_NETWORK)),
        (True, ("allow_nets=192.0.2.1", "expires=2027-01-01")),
        (True, ("expires=2026-01-01", "nologin", NO_NETWORK)),
    ],
)
def test_what_is_written_is_read_again(grammar_2_4: bool, extra: tuple[str, ...]) -> None:
    account = replace(ALICE, home="/srv/alice", extra=extra)
    directory = FakeDirectory()
    place = backend(directory, attributes=ALL, grammar_2_4=grammar_2_4)
    place.read()
    place.write({account.user: account})
    directory.found = directory.changes.replace("changetype: add\n", "")
    assert backend(directory, attributes=ALL, grammar_2_4=grammar_2_4).read() == {account.user: account}


def test_a_new_account_gets_an_entry() -> None:
    directory = FakeDirectory()
    place = backend(directory, object_classes=["inetOrgPerson", "mailThing"])
    place.read()
    place.write({"a+b=c@example.org": replace(ALICE, user="a+b=c@example.org", home="/var/vmail/example.org/a+b=c")})
    assert directory.changes == (
        f"dn: mail=a\\+b\\=c@example.org,{BASE}\nchangetype: add\nobjectClass: inetOrgPerson\nobjectClass: mailThing\n"
        "cn: Alice\nsn: Alice\nmail: a+b=c@example.org\nuserPassword: {CRYPT}$6$a\ndisplayName: Alice\n\n"
    )


def test_only_what_differs_is_written() -> None:
    directory = FakeDirectory(
        entry(f"uid=al,{BASE}", mail="ALICE@example.org", displayName="Alice", userPassword="{crypt}$6$a", title="x")
    )
    place = backend(directory, attributes=ALL, object_classes=["inetOrgPerson", "mailThing"])
    assert place.read() == {"alice@example.org": ALICE}
    place.write({"alice@example.org": replace(ALICE, gecos="", extra=("userdb_quota_storage_size=1K",))})
    assert directory.changes == (
        f"dn: uid=al,{BASE}\nchangetype: modify\nreplace: objectClass\nobjectClass: inetOrgPerson\n"
        "objectClass: mailThing\n-\nreplace: displayName\n-\nreplace: mailQuota\nmailQuota: 1024\n-\n\n"
    )


def test_an_account_that_is_removed_loses_its_entry() -> None:
    directory = FakeDirectory(entry(f"uid=al,{BASE}", mail="alice@example.org"))
    place = backend(directory)
    place.read()
    place.write({"alice@example.org": None})
    assert directory.changes == f"dn: uid=al,{BASE}\nchangetype: delete\n\n"


@pytest.mark.parametrize(
    ("dn", "changes"),
    [
        (f"uid=al,{BASE}", f"dn: uid=al,{BASE}\nchangetype: modify\nreplace: mail\nmail: smith@example.org\n-\n\n"),
        (
            f"mail=alice@example.org,{BASE}",
            f"dn: mail=alice@example.org,{BASE}\nchangetype: modrdn\nnewrdn: mail=smith@example.org\n"
            f"deleteoldrdn: 1\n\n\ndn: mail=smith@example.org,{BASE}\nchangetype: modify\nreplace: displayName\n"
            "displayName: Alice Smith\n-\n\n",
        ),
    ],
)
def test_an_account_that_is_renamed_keeps_its_entry(dn: str, changes: str) -> None:
    directory = FakeDirectory(
        entry(dn, mail="alice@example.org", displayName="Alice", userPassword="{CRYPT}$6$a", title="kept")
    )
    place = backend(directory)
    place.read()
    name = "Alice Smith" if "displayName" in changes else "Alice"
    renamed = replace(
        ALICE, user="smith@example.org", former="alice@example.org", gecos=name, home="/var/vmail/example.org/smith"
    )
    place.write({"alice@example.org": None, "smith@example.org": renamed})
    assert directory.changes == changes


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (
            entry(f"uid=a,{BASE}", mail=["a@example.org", "b@example.org"]),
            "uid=a,ou=mail,dc=example,dc=org has several",
        ),
        (
            entry(f"uid=a,{BASE}", mail="a@example.org") + entry(f"uid=b,{BASE}", mail="A@example.org"),
            "both uid=a,ou=mail,dc=example,dc=org and uid=b",
        ),
        (entry(f"uid=a,{BASE}", mail="a@example.org", mailQuota="2G"), "is '2G', not bytes"),
        (entry(f"uid=a,{BASE}", mail="a@example.org", mailExpires="soon"), "is 'soon', not a time"),
        ("nonsense", "cannot be understood"),
    ],
)
def test_entries_that_are_no_accounts(found: str, fault: str) -> None:
    with pytest.raises(AccountBackendError, match=fault):
        backend(FakeDirectory(found), attributes=ALL).read()


@pytest.mark.parametrize(
    ("rc", "stderr", "fault"),
    [
        (255, "ldap_sasl_bind(SIMPLE): Can't contact LDAP server (-1)\n", "Can't contact LDAP server .* certificate"),
        (
            1,
            "ldap_start_tls: Connect error (-11)\n\tadditional info: (unknown error code)\n",
            "Connect error .* ca_file",
        ),
        (49, "ldap_bind: Invalid credentials (49)\n", "correct bind_dn"),
        (32, "No such object (32)\nMatched DN: dc=example,dc=org\n", "create the entry that base names"),
        (34, "ldap_add: Invalid DN syntax (34)\n\tadditional info: invalid DN\n", "correct base, or .*load the schema"),
        (4, "Size limit exceeded (4)\n", "olcLimits"),
        (99, "", "exit status 99"),
    ],
)
def test_a_directory_that_does_not_answer(rc: int, stderr: str, fault: str) -> None:
    with pytest.raises(AccountBackendError, match=fault) as caught:
        backend(FakeDirectory(rc=rc, stderr=stderr)).read()
    assert "directory ldap://ldap.example.org, ou=mail,dc=example,dc=org" in str(caught.value)
    assert SECRET not in str(caught.value)


STEPS = (
    f'adding new entry "mail=alice@example.org,{BASE}"\n\nmodifying entry "mail=bob@example.org,{BASE}"\n\n'
    f'deleting entry "mail=carol@example.org,{BASE}"\n\n'
)
JUDGED = (
    "ldap_add: No Operation (X) (16654)\nldap_modify: Insufficient access (50)\n"
    "\tadditional info: no write access to parent\nldap_delete: No Operation (X) (16654)\n"
)


@pytest.mark.parametrize(
    ("extensions", "stderr", "steps", "fault"),
    [
        # Refused when it was heard, which is the last one that was.
        (
            TRANSACTIONS,
            "ldap_modify: Insufficient access (50)\n",
            STEPS.partition("deleting")[0],
            "cannot be changed at mail=bob@.*olcAccess.*; nothing has been changed$",
        ),
        # Refused at the end, which does not say what.
        (
            TRANSACTIONS,
            "ldap_txn_end_s: Insufficient access (50)\n",
            STEPS,
            "cannot be changed at mail=bob@.*olcAccess.*; nothing has been changed$",
        ),
        (
            "",
            "ldap_modify: Insufficient access (50)\n",
            STEPS.partition("deleting")[0],
            r"cannot be changed at mail=bob@.*olcAccess.*; 1 of 1 changes have been made$",
        ),
        ("", "ldap_sasl_bind(SIMPLE): no (50)\n", "", "cannot be changed: .*; nothing has been changed$"),
    ],
)
def test_a_change_that_is_refused_is_named(extensions: str, stderr: str, steps: str, fault: str) -> None:
    directory = FakeDirectory()
    place = backend(directory)
    place.read()
    directory.extensions, directory.steps, directory.judged = extensions, steps, JUDGED
    directory.result = (50, stderr)
    with pytest.raises(AccountBackendError, match=fault):
        place.write({ALICE.user: ALICE})


def test_a_refusal_that_nobody_can_place_names_no_entry() -> None:
    directory = FakeDirectory()
    place = backend(directory)
    place.read()
    directory.steps, directory.judged = STEPS, "ldap_add: Critical extension is unavailable (12)\n"
    directory.result = (68, "ldap_txn_end_s: Already exists (68)\n")
    with pytest.raises(AccountBackendError, match="cannot be changed: .*68.*; nothing has been changed$"):
        place.write({ALICE.user: ALICE})


PHONE = AppPassword("phone: \u00e9", "{SHA512-CRYPT}$6$p", ("imap", "smtp"))
SCANNER = AppPassword("scanner", "{SHA512-CRYPT}$6$s", ("smtp",), ("192.0.2.0/24", "2001:db8::/32"))


def found_again(changes: str) -> dict[str, str]:
    """What the directory holds after these additions, by what it is asked for."""
    blocks = [f"{block}\n\n" for block in changes.replace("changetype: add\n", "").split("\n\n") if block.strip()]
    further = [block for block in blocks if "mailAppPassword" in block]
    return {"found": "".join(block for block in blocks if block not in further), "further": "".join(further)}


def entries_of(account: Entry) -> dict[str, str]:
    """Return what a directory finds into which this account was written."""
    directory = FakeDirectory()
    place = backend(directory, attributes=ALL)
    place.read()
    place.write({account.user: account})
    return found_again(directory.changes)


def test_app_passwords_are_entries_below_that_of_the_account() -> None:
    account = replace(ALICE, app_passwords=(PHONE, SCANNER))
    directory = FakeDirectory()
    place = backend(directory, attributes=ALL)
    place.read()
    place.write({account.user: account})
    assert (
        f"dn: postmasterMailSlot=2,mail=alice@example.org,{BASE}\nchangetype: add\nobjectClass: mailAppPassword\n"
        "postmasterMailSlot: 2\npostmasterMailAddress: alice@example.org\ncn: scanner\n"
        "userPassword: {CRYPT}$6$s\npostmasterMailService: smtp\npostmasterMailService: submission\n"
        "postmasterMailAllowNets: 192.0.2.0/24,2001:db8::/32\n"
    ) in directory.changes
    assert "postmasterMailAllowNets: 0.0.0.0/0,::/0,local\n" in directory.changes
    again = FakeDirectory(**found_again(directory.changes))
    assert backend(again, attributes=ALL).read() == {account.user: account}


@pytest.mark.parametrize(
    ("after", "changes"),
    [
        (None, "{1}delete\n\n\n{2}delete\n\n\ndn: {0}changetype: delete\n\n"),
        ((PHONE, SCANNER), ""),
        ((PHONE,), "{2}delete\n\n"),
        (
            (SCANNER,),
            "{1}modify\nreplace: cn\ncn: scanner\n-\nreplace: userPassword\nuserPassword: {{CRYPT}}$6$s\n-\n"
            "replace: postmasterMailService\npostmasterMailService: smtp\npostmasterMailService: submission\n-\n"
            "replace: postmasterMailAllowNets\npostmasterMailAllowNets: 192.0.2.0/24,2001:db8::/32\n-\n\n"
            "{2}delete\n\n",
        ),
    ],
)
def test_app_passwords_become_what_was_asked_for(after: tuple[AppPassword, ...] | None, changes: str) -> None:
    account = replace(ALICE, app_passwords=(PHONE, SCANNER))
    directory = FakeDirectory(**entries_of(account))
    place = backend(directory, attributes=ALL)
    place.read()
    place.write({account.user: None if after is None else replace(account, former=account.user, app_passwords=after)})
    name = f"mail=alice@example.org,{BASE}\n"
    below = [f"dn: postmasterMailSlot={slot},{name}changetype: " for slot in (1, 2)]
    assert directory.changes == changes.format(name, *below)


def test_what_was_done_before_a_removal_failed_is_said() -> None:
    class Reluctant(FakeDirectory):
        """Keeps the entry of an account that had app passwords."""

        def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
            removal = data is not None and "changetype: delete" in data
            assert removal != ("txn=commit" in argv) or data is None
            self.result = (50, "ldap_delete: Insufficient access (50)\n") if removal else (0, "")
            return super().run(argv, data=data)

    directory = Reluctant(**entries_of(replace(ALICE, app_passwords=(PHONE, SCANNER))))
    directory.steps = "".join(f'deleting entry "{name}{ALICE.user}"\n\n' for name in ("1,mail=", "2,mail=", "mail="))
    place = backend(directory, attributes=ALL)
    place.read()
    bob = replace(ALICE, user="bob@example.org", home="/var/vmail/example.org/bob")
    with pytest.raises(AccountBackendError, match="at mail=alice@.*olcAccess.*; 3 of 4 changes have been made$"):
        place.write({ALICE.user: None, bob.user: bob})


def test_app_passwords_follow_an_account_that_is_renamed() -> None:
    account = replace(ALICE, app_passwords=(SCANNER,))
    directory = FakeDirectory(**entries_of(account))
    place = backend(directory, attributes=ALL)
    place.read()
    place.write(
        {account.user: None, "smith@example.org": replace(account, user="smith@example.org", former=ALICE.user)}
    )
    assert directory.changes.endswith(
        f"dn: postmasterMailSlot=1,mail=smith@example.org,{BASE}\nchangetype: modify\n"
        "replace: postmasterMailAddress\npostmasterMailAddress: smith@example.org\n-\n\n"
    )


def test_an_entry_of_another_address_is_no_app_password() -> None:
    below = entry(
        f"postmasterMailSlot=1,uid=al,{BASE}",
        postmasterMailSlot="1",
        postmasterMailAddress="bob@example.org",
        cn="phone",
    )
    directory = FakeDirectory(entry(f"uid=al,{BASE}", mail="alice@example.org"), further=below)
    assert backend(directory, attributes=ALL).read()["alice@example.org"].app_passwords == ()


@pytest.mark.parametrize(
    ("wish", "fault"),
    [
        ({"quota": 1}, "quota has no attribute"),
        ({"state": "disabled"}, "state: disabled has no attribute"),
        ({"allow_nets": ("192.0.2.1",)}, "allow_nets has no attribute"),
        ({"home": "/srv/alice"}, "home has no attribute"),
        ({"extra_fields": (("a", "a=b"),)}, "extra_fields cannot be kept"),
        ({"app_passwords": (AppPasswordWish("phone", "x"),)}, "app_passwords has no object class"),
        ({"expires": "2027-01-01"}, "expires has no attribute"),
    ],
)
def test_what_has_no_attribute_is_refused(wish: dict[str, t.Any], fault: str) -> None:
    with pytest.raises(AccountError, match=fault):
        backend(FakeDirectory()).check([Wish("alice@example.org", **wish)])
    backend(FakeDirectory()).check(
        [Wish("alice@example.org", name="A", expires="never", home="/var/vmail/example.org/alice", allow_nets=())]
    )


def test_who_expires_can_be_locked() -> None:
    names = {name: value for name, value in ALL.items() if name != "disabled"}
    with pytest.raises(AccountError, match="name one in attributes.disabled"):
        backend(FakeDirectory(), attributes=names).check([Wish("alice@example.org", expires="2027-01-01")])
    backend(FakeDirectory(), attributes=ALL).check(
        [Wish("alice@example.org", expires="2027-01-01", app_passwords=(AppPasswordWish("phone", "x"),))]
    )


def test_without_the_tools_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ldap_client.shutil, "which", lambda _tool: None)
    place = backend(FakeDirectory(FOUND))
    assert place.lacks() == ("ldapsearch and ldapmodify are not installed; install ldap-utils",)
    assert place.read() == {}


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"user_filter": "(mail=%{user})"}, "user_filter has %"),
        ({"attributes": {"address": ""}}, "attributes.address is empty"),
    ],
)
def test_options_that_cannot_be(more: dict[str, t.Any], fault: str) -> None:
    with pytest.raises(AccountBackendError, match=fault):
        parse_directory(options(**more))


@pytest.mark.parametrize(
    ("dovecot", "directory"),
    [
        ("{SHA512-CRYPT}$6$x", "{CRYPT}$6$x"),
        ("{SHA256-CRYPT}$5$x", "{CRYPT}$5$x"),
        ("{BLF-CRYPT}$2y$x", "{CRYPT}$2y$x"),
        ("{ARGON2ID}$argon2id$x", "{ARGON2}$argon2id$x"),
        ("{ARGON2I}$argon2i$x", "{ARGON2}$argon2i$x"),
        ("{SSHA}x", "{SSHA}x"),
        ("{CRYPT}xyz", "{CRYPT}xyz"),
    ],
)
def test_schemes(dovecot: str, directory: str) -> None:
    assert to_stored(dovecot) == directory
    assert from_stored(directory) == dovecot
    assert from_stored("clear") == "{PLAIN}clear"
    assert from_stored("") == ""
