# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""How Postfix and Dovecot ask the directory that holds accounts and aliases.

A filter holds C(%s) for the address that is looked for, C(%u) for its local part and C(%d) for its domain. Both
programs escape what they put in there (RFC 4515).
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils import _account
from ansible_collections.postmaster.mail.plugins.module_utils import _account_ldap_app_passwords as app_passwords

# As large as any disk, in bytes. Releases of Dovecot differ in what 0 means.
NO_LIMIT = 1 << 60
ATTRIBUTES = (
    *("address", "alias_targets", "name", "password", "home", "quota", "disabled", "allow_nets", "expires"),
    "app_passwords",
)
# Role postfix puts its own table there.
_OWN_TABLE = "inventory"
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+")
_PLACEHOLDER = re.compile(r"%(.?)", re.DOTALL)
_DOVECOT = {"s": "%{user}", "u": "%{user | username}", "d": "%{user | domain}", "%": "%"}
_ANYBODY = {"s": "*", "u": "*", "d": "*", "%": "%"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_URI = re.compile(r"ldap[si]?://[^\s,]*")
# Seconds after which a server that does not answer is taken for one that is down.
_TIMEOUT = 10


class LdapCompositionError(Exception):
    """The variables of the role cannot be carried out; the text lists every fault."""


@dataclass(frozen=True)
class LdapComposition:
    """What role accounts offers to the roles postfix and dovecot."""

    dovecot_ldap: dict[str, t.Any]
    dovecot_passdbs: list[dict[str, t.Any]]
    dovecot_userdbs: list[dict[str, t.Any]]
    postfix_maps: dict[str, list[str]]
    postfix_map_files: dict[str, str]


def compose(wishes: t.Mapping[str, t.Any]) -> LdapComposition:
    """Return how to ask.

    wishes holds the variables of the role by their names without prefix (uris, starttls, ca_file, bind_dn,
    bind_password, base, auth_bind, user_filter, login_filter, address_filter, alias_filter, attributes, app_passwords),
    domains,
    whole_domains (what each domain that stands for another one stands for), caught_domains (those that have a
    catch-all), mail_user, mail_root, quota (the limit of
    accounts without one of their own, empty for none) and postfix_directory.
    Raises LdapCompositionError.
    """
    faults = _faults(wishes)
    if faults:
        raise LdapCompositionError("; ".join(faults))
    attributes = {key: str(value or "") for key, value in wishes["attributes"].items()}
    user, address, alias = (str(wishes[f"{key}_filter"] or "") for key in ("user", "address", "alias"))
    anyone = any_of(user, address)
    files = {
        "ldap-mailboxes.cf": _postfix_file(wishes, user, attributes["address"]),
        "ldap-logins.cf": _postfix_file(wishes, anyone, attributes["address"]),
    }
    aliases: list[str] = []

    def lead(name: str, question: str, results: str, **more: t.Any) -> None:
        files[name] = _postfix_file(wishes, question, results, **more)
        aliases.append(name)

    if alias:
        lead("ldap-aliases.cf", alias, attributes["alias_targets"])
    if address:
        lead("ldap-addresses.cf", address, attributes["address"])
    if wishes["caught_domains"]:
        # Without an answer for its own address, an account would lose its mail to the catch-all.
        lead("ldap-own.cf", user, attributes["address"], domains=sorted(wishes["caught_domains"]))
    for domain, other in _stand_ins(wishes["whole_domains"]):
        # The part after the @ is another one, whatever the entry says.
        question = _expand(any_of(anyone, alias), {"s": f"%u@{other}", "u": "%u", "d": other, "%": "%%"})
        results = ", ".join(dict.fromkeys([attributes["address"], *([attributes["alias_targets"]] if alias else [])]))
        lead(f"ldap-domain-{domain}.cf", question, results, domains=[domain], result=f"%U@{other}")
    directory = wishes["postfix_directory"]
    return LdapComposition(
        dovecot_ldap=_dovecot_connection(wishes),
        dovecot_passdbs=_passdbs(wishes, attributes),
        dovecot_userdbs=_userdbs(wishes, attributes),
        postfix_maps={
            "virtual_mailbox_maps": [f"proxy:ldap:{directory}/ldap-mailboxes.cf"],
            "virtual_alias_maps": [_OWN_TABLE, *(f"proxy:ldap:{directory}/{name}" for name in aliases)],
            "smtpd_sender_login_maps": [_OWN_TABLE, f"proxy:ldap:{directory}/ldap-logins.cf"],
        },
        postfix_map_files=files,
    )


def any_of(*filters: str) -> str:
    """Return the filter for what any of these filters is for; empty ones stand for nothing."""
    given = [text for text in filters if text]
    return given[0] if len(given) == 1 else f"(|{''.join(given)})"


def all_of(*filters: str) -> str:
    """Return the filter for what all of these filters are for; empty ones stand for anything."""
    given = [text for text in filters if text]
    return given[0] if len(given) == 1 else f"(&{''.join(given)})"


def everybody(user_filter: str) -> str:
    """Return the filter for all entries that a filter finds one of."""
    return _expand(user_filter, _ANYBODY)


def login_filter(user_filter: str, further: str, attributes: t.Mapping[str, str]) -> str:
    """Return the filter for accounts that may log in."""
    disabled = attributes.get("disabled")
    return all_of(user_filter, further, f"(!({disabled}=TRUE))" if disabled else "")


def _expand(text: str, values: t.Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values[match.group(1)], text)


def _stand_ins(whole_domains: t.Mapping[str, str]) -> t.Iterator[tuple[str, str]]:
    """Yield each domain with the one that has the accounts. Domains that form a loop are left to who looks for them."""
    for domain in sorted(whole_domains):
        steps = [domain]
        while steps[-1] in whole_domains and len(steps) <= len(whole_domains):
            steps.append(whole_domains[steps[-1]])
        yield domain, steps[-1]


def _faults(wishes: t.Mapping[str, t.Any]) -> list[str]:
    faults: list[str] = []
    uris = [str(uri) for uri in wishes["uris"] or []]
    if not uris:
        faults.append("accounts_ldap_uris is empty: name the server, as in ldap://ldap.example.org")
    faults += [
        f"accounts_ldap_uris: {uri!r} is none: write ldap://, ldaps:// or ldapi://"
        for uri in uris
        if not _URI.match(uri)
    ]
    if wishes["starttls"] and any(not uri.startswith("ldap://") for uri in uris):
        faults.append("accounts_ldap_starttls is for ldap:// alone: the others are safe without, set it to false")
    if wishes["bind_dn"] and not wishes["bind_password"]:
        faults.append("accounts_ldap_bind_dn needs accounts_ldap_bind_password")
    for key in ("base", "bind_dn", "bind_password", "ca_file"):
        text = str(wishes[key] or "")
        if _CONTROL.search(text) or text != text.strip() or text[:1] in {'"', "'"} or " #" in text:
            faults.append(
                f"accounts_ldap_{key} begins or ends with a blank or begins with a quote, or holds a control character "
                "or a number sign after a blank, which the files that need it cannot quote"
            )
    if not wishes["base"]:
        faults.append("accounts_ldap_base is empty: name the entry below which the accounts are")
    for key, needed in (("user", True), ("address", False), ("alias", False), ("login", False)):
        faults += _filter_faults(
            f"accounts_ldap_{key}_filter", str(wishes[f"{key}_filter"] or ""), needed, key != "login"
        )
    return [*faults, *_attribute_faults(wishes)]


def _filter_faults(name: str, text: str, needed: bool, asks: bool) -> list[str]:
    if not text:
        return [f"{name} is empty: write for example (mail=%s)"] if needed else []
    faults = []
    if not (text.startswith("(") and text.endswith(")")) or text.count("(") != text.count(")"):
        faults.append(f"{name} {text!r} is no filter: write it with all its parentheses, as in (mail=%s)")
    if _CONTROL.search(text):
        faults.append(f"{name} holds a control character")
    unknown = sorted({match.group() for match in _PLACEHOLDER.finditer(text)} - {f"%{letter}" for letter in _DOVECOT})
    if unknown:
        faults.append(f"{name} has {', '.join(unknown)}: write %s, %u or %d, and %% for a percent sign")
    if asks and not re.search("%[su]", text):
        faults.append(
            f"{name} {text!r} would find the same entries for each address: write %s where the address belongs"
        )
    return faults


def _attribute_faults(wishes: t.Mapping[str, t.Any]) -> list[str]:
    faults = []
    attributes = wishes["attributes"]
    for key, value in attributes.items():
        if key not in ATTRIBUTES:
            faults.append(f"accounts_ldap_attributes has {key}: use {', '.join(ATTRIBUTES)}")
        elif value and not _ATTRIBUTE.fullmatch(str(value)):
            faults.append(f"accounts_ldap_attributes.{key} {value!r} is no name of an attribute")
    needed = {
        "address": True,
        "alias_targets": wishes["alias_filter"],
        "password": not wishes["auth_bind"],
        "app_passwords": _most_app_passwords(wishes),
    }
    if attributes.get("quota"):
        try:
            _account.parse_quota(str(wishes["quota"] or "0"))
        except _account.AccountError as error:
            faults.append(f"dovecot_quota_size: {error}")
    faults += [
        f"accounts_ldap_attributes.{key} is empty, but needed"
        for key, wanted in needed.items()
        if wanted and not attributes.get(key)
    ]
    return faults


def _postfix_file(
    wishes: t.Mapping[str, t.Any],
    question: str,
    results: str,
    *,
    domains: t.Sequence[str] | None = None,
    result: str = "",
) -> str:
    bind_dn = str(wishes["bind_dn"] or "")
    settings = {
        "server_host": " ".join(str(uri) for uri in wishes["uris"]),
        "version": "3",
        "timeout": str(_TIMEOUT),
        "start_tls": "yes" if wishes["starttls"] else "no",
        "tls_require_cert": "yes",
        "tls_ca_cert_file": str(wishes["ca_file"] or ""),
        "bind": "yes" if bind_dn else "no",
        "bind_dn": bind_dn,
        "bind_pw": str(wishes["bind_password"] or "") if bind_dn else "",
        "search_base": str(wishes["base"]),
        # Addresses elsewhere, which mail is sent to, are nobody's business here.
        "domain": " ".join(wishes["domains"] if domains is None else domains),
        "query_filter": question,
        "result_attribute": results,
        "result_format": result,
    }
    return "".join(f"{key} = {value}\n" for key, value in settings.items() if value)


def _dovecot_connection(wishes: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    connection: dict[str, t.Any] = {
        "uris": [str(uri) for uri in wishes["uris"]],
        "base": str(wishes["base"]),
        "starttls": bool(wishes["starttls"]),
    }
    if wishes["bind_dn"]:
        connection.update(auth_dn=str(wishes["bind_dn"]), auth_dn_password=str(wishes["bind_password"]))
    if wishes["ca_file"]:
        connection["ca_file"] = str(wishes["ca_file"])
    return connection


def _passdbs(wishes: t.Mapping[str, t.Any], attributes: t.Mapping[str, str]) -> list[dict[str, t.Any]]:
    user_filter = str(wishes["user_filter"])
    question = login_filter(user_filter, str(wishes["login_filter"] or ""), attributes)
    # Dovecot 2.3 would by itself take the attribute uid for the name of the user.
    fields = {"user": "%{user}"}
    if not wishes["auth_bind"]:
        fields["password"] = f"%{{ldap:{attributes['password']}}}"

    def passdb(name: str, condition: str, more: t.Mapping[str, str]) -> dict[str, t.Any]:
        return {
            **({"name": name} if name else {}),
            "driver": "ldap",
            "filter": _expand(all_of(question, condition), _DOVECOT),
            "bind": bool(wishes["auth_bind"]),
            "fields": {**fields, **more},
        }

    def app_password(slot: int) -> dict[str, t.Any]:
        entry = (
            f"(&(objectClass={attributes['app_passwords']})({app_passwords.ADDRESS}=%{{user}})"
            f"({app_passwords.SLOT}={slot})({app_passwords.SERVICE}=%{{protocol}}))"
        )
        more = {"allow_nets": f"%{{ldap:{app_passwords.NETWORKS}}}"}
        if not wishes["auth_bind"]:
            more["password"] = f"%{{ldap:{app_passwords.PASSWORD}}}"
        return {**passdb(f"app-{slot}", "", more), "filter": entry}

    further = [app_password(slot) for slot in range(1, _most_app_passwords(wishes) + 1)]
    if further and question != user_filter:
        # The entry of an app password does not say whether its account may log in.
        refused = passdb("ldap-refused", "", {})
        refused["filter"] = _expand(f"(&{user_filter}(!{question}))", _DOVECOT)
        further.insert(0, {**refused, "deny": True})
    networks = attributes.get("allow_nets")
    if not networks:
        return [passdb("", "", {}), *further]
    # An empty list would let nobody in, so that a value that is missing cannot be replaced by it.
    return [
        passdb("ldap-networks", f"({networks}=*)", {"allow_nets": f"%{{ldap:{networks}}}"}),
        passdb("", f"(!({networks}=*))", {}),
        *further,
    ]


def _most_app_passwords(wishes: t.Mapping[str, t.Any]) -> int:
    return int(wishes.get("app_passwords") or 0)


def _userdbs(wishes: t.Mapping[str, t.Any], attributes: t.Mapping[str, str]) -> list[dict[str, t.Any]]:
    fields = {"uid": wishes["mail_user"], "gid": wishes["mail_user"]}
    if attributes.get("quota"):
        limit = _account.parse_quota(str(wishes["quota"] or "0")) or NO_LIMIT
        fields["quota_storage_size"] = f"%{{ldap:{attributes['quota']} | default('{limit}')}}B"
    standard = f"{wishes['mail_root']}/%{{user | domain}}/%{{user | username}}"
    home = attributes.get("home", "")
    if not home:
        return [_userdb(wishes, attributes, "", "", {**fields, "home": standard})]
    # A value that is missing cannot be replaced by one that is made of variables.
    return [
        _userdb(wishes, attributes, "ldap-home", f"({home}=*)", {**fields, "home": f"%{{ldap:{home}}}"}),
        _userdb(wishes, attributes, "", f"(!({home}=*))", {**fields, "home": standard}),
    ]


def _userdb(
    wishes: t.Mapping[str, t.Any],
    attributes: t.Mapping[str, str],
    name: str,
    condition: str,
    fields: t.Mapping[str, str],
) -> dict[str, t.Any]:
    question = all_of(str(wishes["user_filter"]), condition)
    return {
        **({"name": name} if name else {}),
        "driver": "ldap",
        "filter": _expand(question, _DOVECOT),
        "iterate_filter": everybody(question),
        "iterate_fields": {"user": f"%{{ldap:{attributes['address']}}}"},
        "fields": dict(fields),
    }
