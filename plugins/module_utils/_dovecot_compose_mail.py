# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Where and how role dovecot keeps mail: formats, namespaces, shared folders, search, compression, encryption."""

from __future__ import annotations

import typing as t

from ._dovecot_compose import Tree, Work
from ._dovecot_compose_auth import mail_owner
from ._mail_user_info import LAST_LOGIN_FILE

_PATHS = {"maildir": "~/Maildir", "mbox": "~/mail", "sdbox": "~/sdbox", "mdbox": "~/mdbox"}
_LEVELS = {"zstd": "compress_zstd_level", "gz": "compress_gz_level"}
_NAMESPACE_KEYS = (
    "type",
    "prefix",
    "separator",
    "inbox",
    "list",
    "hidden",
    "subscriptions",
    "mail_driver",
    "mail_path",
    "mail_index_path",
    "mail_control_path",
)


def compose_mail(work: Work) -> None:
    """Say where mail is and in which form."""
    _storage(work)
    _namespaces(work)
    if work.wishes.flag("acl"):
        _acl(work)
    elif work.wishes.flag("acl_anyone"):
        work.wishes.fault("dovecot_acl_anyone is on, but dovecot_acl is not")
    if work.wishes.flag("fts"):
        _fts(work)
    _compression(work)
    _encryption(work)
    if work.wishes.flag("last_login"):
        _last_login(work)


def _path(work: Work) -> str:
    return work.wishes.text("mail_path") or _PATHS.get(work.wishes.text("mail_format"), "")


def _storage(work: Work) -> None:
    wishes = work.wishes
    mail_format = wishes.text("mail_format")
    tree: Tree = {
        "mail_driver": mail_format,
        "mail_home": wishes.text("mail_home"),
        "mail_path": _path(work),
        "mail_uid": wishes.text("mail_user"),
        "mail_gid": wishes.text("mail_user"),
    }
    for key in ("mail_inbox_path", "mail_index_path", "mail_control_path"):
        if wishes.text(key):
            tree[key] = wishes.text(key)
    if wishes.text("mail_layout"):
        tree["mailbox_list_layout"] = wishes.text("mail_layout")
    if wishes.text("mail_privileged_group"):
        tree["mail_privileged_group"] = wishes.text("mail_privileged_group")
    work.add(tree)
    if wishes.text("mail_control_path") and mail_format not in {"maildir", "mbox"}:
        wishes.fault(f"dovecot_mail_control_path is set, but {mail_format} has no control files")
    if not mail_owner(work):
        return
    for key in ("mail_index_path", "mail_control_path"):
        fixed = wishes.text(key).partition("%")[0].rpartition("/")[0]
        if fixed.startswith("/") and fixed not in work.directories:
            work.directories.append(fixed)


def _last_login(work: Work) -> None:
    """A file in each home: nobody waits for another one's lock, and it goes wherever the home goes."""
    work.add({"last_login": {"dict file": {"path": f"%{{home}}/{LAST_LOGIN_FILE}"}}})
    # In all protocols, a delivery would count as a login.
    for protocol in ("imap", "pop3"):
        if work.serves(protocol):
            work.add({f"protocol {protocol}": {"mail_plugins": {"last_login": True}}})


def _namespaces(work: Work) -> None:
    wishes = work.wishes
    for head in wishes.mapping("mailboxes"):
        if not head.startswith("mailbox "):
            wishes.fault(f"dovecot_mailboxes has {head!r}: write 'mailbox NAME'")
    separator = wishes.text("namespace_separator")
    prefix = wishes.text("namespace_prefix")
    inbox: Tree = {"inbox": True, "separator": separator, **({"prefix": prefix} if prefix else {})}
    work.add({"namespace inbox": {**inbox, **wishes.mapping("mailboxes")}})
    entries = wishes.entries("namespaces")
    wishes.check_unique("namespaces", ["inbox", *(str(entry.get("name")) for entry in entries)])
    for entry in entries:
        name, kind = str(entry.get("name")), str(entry.get("type", "private"))
        wishes.check_name("namespaces", name)
        if not entry.get("prefix"):
            wishes.fault(f"dovecot_namespaces: {name} needs a prefix, such as {name}{separator}")
        block: Tree = {"separator": separator, **{key: entry[key] for key in _NAMESPACE_KEYS if key in entry}}
        if kind == "public" and "mail_path" not in entry:
            wishes.fault(f"dovecot_namespaces: {name} is public and needs mail_path")
        if "mail_path" in entry:
            # The index of another place must not be shared with the mailboxes of the user.
            for key in ("mail_index_path", "mail_control_path"):
                if wishes.text(key):
                    block.setdefault(key, "")
        for mailbox, settings in (entry.get("mailboxes") or {}).items():
            block[f"mailbox {mailbox}"] = settings
        work.add({f"namespace {name}": block})


def _acl(work: Work) -> None:
    wishes = work.wishes
    separator = wishes.text("namespace_separator")
    block: Tree = {
        "type": "shared",
        "separator": separator,
        "prefix": f"{wishes.text('shared_prefix')}{separator}$user{separator}",
        "mail_driver": wishes.text("mail_format"),
        "mail_path": _of_owner(_path(work)),
        # What the one user has seen, the other has not.
        "mail_index_private_path": f"{wishes.text('shared_index_path')}",
        "subscriptions": False,
        "list": "children",
    }
    for key in ("mail_index_path", "mail_control_path"):
        if wishes.text(key):
            block[key] = _of_owner(wishes.text(key))
    work.add(
        {
            "mail_plugins": {"acl": True},
            "acl_driver": "vfile",
            "acl_sharing_map": {"dict file": {"path": wishes.text("shared_dict_path")}},
            "namespace shared": block,
        }
    )
    if work.serves("imap"):
        work.add({"protocol imap": {"mail_plugins": {"imap_acl": True}}})
    if wishes.flag("acl_anyone"):
        work.add({"imap_acl_allow_anyone": True})


def _of_owner(path: str) -> str:
    """A path of a user as the path of the one who shares."""
    if path == "~" or path.startswith("~/"):
        path = f"%{{owner_home}}{path[1:]}"
    return path.replace("%{user", "%{owner_user").replace("%{home}", "%{owner_home}")


def _fts(work: Work) -> None:
    wishes = work.wishes
    languages = wishes.texts("fts_languages")
    if not languages:
        wishes.fault("dovecot_fts_languages is empty: name the languages of the mail, such as en")
    if not work.host["fts"]:
        # A search gives the same answers without an index, only later.
        return
    work.need("fts")
    work.add(
        {
            "mail_plugins": {"fts": True, "fts_flatcurve": True},
            "fts_autoindex": wishes.flag("fts_autoindex"),
            "fts flatcurve": {},
            "language_tokenizers": "generic email-address",
            "language_filters": "normalizer-icu snowball stopwords",
        }
    )
    for number, language in enumerate(languages):
        block: Tree = {} if number else {"default": True}
        if language not in {"en", "data"}:
            block["language_filters"] = "normalizer-icu snowball"
        work.add({f"language {language}": block})


def _compression(work: Work) -> None:
    wishes = work.wishes
    method = wishes.text("compression")
    level = wishes.number("compression_level")
    if level and method not in _LEVELS:
        wishes.fault(f"dovecot_compression_level goes with {' and '.join(_LEVELS)} only")
    if method == "none":
        return
    work.add({"mail_plugins": {"mail_compress": True}})
    if method != "read":
        work.add({"mail_compress_write_method": method})
    if level and method in _LEVELS:
        work.add({_LEVELS[method]: level})


def _encryption(work: Work) -> None:
    wishes = work.wishes
    mode = wishes.text("encryption")
    if mode == "none":
        return
    work.add(
        {
            "mail_plugins": {"mail_crypt": True},
            "crypt_global_private_key main": {"crypt_private_key_file": wishes.text("encryption_private_key")},
            "crypt_global_public_key_file": wishes.text("encryption_public_key"),
            "crypt_write_algorithm": "aes-256-gcm-sha256" if mode == "write" else "",
        }
    )


def keys(work: Work) -> t.Mapping[str, str]:
    """The files of the key pair that encryption needs; empty without encryption."""
    if work.wishes.text("encryption") == "none":
        return {}
    return {kind: work.wishes.text(f"encryption_{kind}_key") for kind in ("private", "public")}
