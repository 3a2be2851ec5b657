# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._account import AccountError
from ansible_collections.postmaster.mail.plugins.module_utils._unix_users import (
    check_scheme,
    locked_secret,
    parse_unix,
    to_dovecot,
    to_unix,
    unix_name,
)

PASSWD = b"""root:x:0:0:root:/root:/bin/bash
alice:x:1000:990:Alice \xc3\x9c,,:/home/alice:/usr/sbin/nologin
paul:x:1001:1001::/home/paul:/bin/bash
dora:x:1002:1002::/home/dora:/bin/bash
alice:x:0:0:a second one:/:/bin/sh
+::::::
broken:x:one:1::/:/bin/sh
"""
SHADOW = b"""root:*:19000:0:99999:7:::
alice:!$6$salt$hash:19000:0:99999:7::20454:
paul:$y$j9T$salt$hash:19000:0:99999:7:::
dora::19000:0:99999:7::99999999999:
"""
GROUP = b"root:x:0:\nmailusers:x:990:paul,\nsudo:x:27:\n"


def test_users_of_the_group_are_accounts() -> None:
    unix = parse_unix(PASSWD, SHADOW, GROUP, "mailusers")
    alice = unix.account("alice")
    assert alice is not None
    assert (alice.uid, alice.gecos, alice.locked, alice.expires) == (1000, "Alice \u00dc,,", True, "2026-01-01")
    assert alice.password_hash == "{SHA512-CRYPT}$6$salt$hash"
    assert unix.owns(alice)
    paul = unix.account("paul")
    assert paul is not None
    assert not unix.owns(paul)
    assert paul.password_hash == "{CRYPT}$y$j9T$salt$hash"
    assert "hash" not in repr(paul)
    assert unix.account("dora") is None
    assert unix.account("root") is None
    assert unix.users["dora"].expires is None
    assert unix.users["root"].password_hash == ""
    assert "sudo" in unix.groups
    assert "broken" not in unix.users


def test_without_the_group_nobody_is_an_account() -> None:
    unix = parse_unix(PASSWD, SHADOW, b"root:x:0:\n", "mailusers")
    assert unix.gid is None
    assert unix.account("alice") is None


@pytest.mark.parametrize("name", ["alice", "first.last", "a-b_c", "_x", "x" * 32, "a1"])
def test_local_parts_that_are_names(name: str) -> None:
    assert unix_name(f"{name}@example.org") == name


@pytest.mark.parametrize("name", ["1000", "1a", "o'brien", "a+b", "a=b", "x" * 33, ".a", "a!b", "~a"])
def test_local_parts_that_no_user_can_have(name: str) -> None:
    with pytest.raises(AccountError, match="no Unix user can be called"):
        unix_name(f"{name}@example.org")


@pytest.mark.parametrize(
    ("password_hash", "digest", "stored"),
    [
        ("{SHA512-CRYPT}$6$s$h", "$6$s$h", "{SHA512-CRYPT}$6$s$h"),
        ("{sha256-crypt}$5$rounds=9000$s$h", "$5$rounds=9000$s$h", "{SHA256-CRYPT}$5$rounds=9000$s$h"),
        ("{BLF-CRYPT}$2y$05$abc", "$2y$05$abc", "{BLF-CRYPT}$2y$05$abc"),
        ("{CRYPT}$6$s$h", "$6$s$h", "{SHA512-CRYPT}$6$s$h"),
        ("{CRYPT}$y$j9T$s$h", "$y$j9T$s$h", "{CRYPT}$y$j9T$s$h"),
    ],
)
def test_hashes_of_crypt(password_hash: str, digest: str, stored: str) -> None:
    assert to_unix(password_hash) == digest
    assert to_dovecot(digest) == stored


@pytest.mark.parametrize(
    "password_hash",
    [
        "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$aGFzaA",
        "{PLAIN}secret",
        "{CRYPT}abJnggxhB/yWI",
        "{SHA512-CRYPT}$5$s$h",
        "{CRYPT}$6$s$h:x",
        "{CRYPT}*",
        "{CRYPT}!",
        "{CRYPT}",
        "$6$s$h",
    ],
)
def test_hashes_that_pam_cannot_check(password_hash: str) -> None:
    with pytest.raises(AccountError, match="cannot be that of a Unix user"):
        to_unix(password_hash)


def test_schemes_of_new_hashes() -> None:
    assert check_scheme(None) == "SHA512-CRYPT"
    assert check_scheme("blf-crypt") == "BLF-CRYPT"
    with pytest.raises(AccountError, match="ARGON2ID cannot be checked by PAM"):
        check_scheme("ARGON2ID")


def test_a_locked_password_keeps_its_hash() -> None:
    assert locked_secret("$6$s$h", locked=True) == "!$6$s$h"
    assert locked_secret("$6$s$h", locked=False) == "$6$s$h"
