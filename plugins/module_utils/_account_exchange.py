# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Accounts and aliases of other systems as the variables mail_users and mail_aliases, and back."""

from __future__ import annotations

import csv
import io
import re
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils import _account, _account_fields
from ansible_collections.postmaster.mail.plugins.module_utils._mail_address import AddressError, parse_address
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import (
    Entry,
    PasswdFileError,
    field_name,
    parse,
)

_TEXTS = (
    "address",
    "password",
    "password_hash",
    "name",
    "quota",
    "state",
    "home",
    "expires",
    "rename_from",
    "delivery",
)
_LISTS = ("addresses", "senders", "forward_to", "allow_nets")
_FLAGS = ("forward_keep_copy",)
COLUMNS = (*_TEXTS, *_LISTS, *_FLAGS)
_YES = frozenset({"yes", "true", "on", "1", "y"})
_NO = frozenset({"no", "false", "off", "0", "n"})
# Whether an account is open, as many databases say it.
ACTIVE = "active"
# aliases(5): a name that holds what would end it is quoted.
_ALIAS = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^\s:"]+)\s*:\s*(.*)', re.DOTALL)
_TARGET = re.compile(r'"(?:[^"\\]|\\.)*"|[^",]+')


class ExchangeError(Exception):
    """The text cannot be read; all faults are named at once."""

    def __init__(self, faults: t.Sequence[str]) -> None:
        super().__init__("; ".join(faults))


def users_from_csv(text: str, delimiter: str) -> list[dict[str, t.Any]]:
    """Return accounts from a table whose first line names the columns; an empty cell says nothing."""
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=delimiter, strict=True)
    users: list[dict[str, t.Any]] = []
    faults: list[str] = []
    try:
        names = [name.strip() for name in reader.fieldnames or []]
        reader.fieldnames = names
        unknown = sorted(set(names) - set(COLUMNS))
        if unknown or "address" not in names:
            raise ExchangeError(
                [f"the first line names {', '.join(names)}: it needs address, and may name {', '.join(COLUMNS[1:])}"]
            )
        for row in reader:
            user = _user_of(row, f"line {reader.line_num}", faults)
            if user:
                users.append(user)
    except csv.Error as error:
        faults.append(f"line {reader.line_num}: {error}")
    if faults:
        raise ExchangeError(faults)
    return users


def users_to_csv(users: t.Sequence[t.Mapping[str, t.Any]], delimiter: str) -> str:
    """Return the table that users_from_csv reads; what has no column is left out."""
    columns = [name for name in COLUMNS if any(user.get(name) not in (None, "", []) for user in users)]
    sink = io.StringIO()
    writer = csv.writer(sink, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    for user in users:
        writer.writerow([_cell(user.get(name)) for name in columns])
    return sink.getvalue()


def users_from_passwd_file(text: str, domain: str) -> list[dict[str, t.Any]]:
    """Return the accounts of a Dovecot passwd-file; domain is that of users without one."""
    faults: list[str] = []
    users: list[dict[str, t.Any]] = []
    try:
        accounts = parse(text.encode("utf-8")).accounts
    except PasswdFileError as error:
        raise ExchangeError([str(error)]) from error
    for user, entry in accounts.items():
        address = _address(user, domain, user, faults)
        if address is not None:
            users.append(_user_of_entry(entry, address))
    if faults:
        raise ExchangeError(faults)
    return users


def users_from_rows(
    rows: t.Sequence[t.Mapping[str, t.Any]], columns: t.Mapping[str, str], scheme: str, domain: str
) -> list[dict[str, t.Any]]:
    """Return the accounts of a table of a database.

    columns names the column of each key of an account; scheme is that of hashes that name none, domain that of users
    without one.
    """
    unknown = sorted(set(columns) - {*COLUMNS, ACTIVE})
    if unknown:
        raise ExchangeError(
            [f"columns has {', '.join(unknown)}, which no account has: use {', '.join((*COLUMNS, ACTIVE))}"]
        )
    faults: list[str] = []
    users: list[dict[str, t.Any]] = []
    for number, row in enumerate(rows, start=1):
        where = f"row {number}"
        missing = sorted(column for column in columns.values() if column not in row)
        if missing:
            faults.append(f"{where} has no column {', '.join(missing)}")
            continue
        named = {key: row[column] for key, column in columns.items()} or {
            key: row[key] for key in (*COLUMNS, ACTIVE) if key in row
        }
        user = _user_of_row({key: value for key, value in named.items() if value is not None}, where, faults)
        address = _address(user["address"], domain, where, faults) if "address" in user else None
        if address is not None:
            users.append({**user, "address": address, **_with_scheme(user.get("password_hash"), scheme)})
    if faults:
        raise ExchangeError(faults)
    return users


def _user_of_row(values: dict[str, t.Any], where: str, faults: list[str]) -> dict[str, t.Any]:
    active = str(values.pop(ACTIVE, "yes")).lower()
    # PostgreSQL says t and f.
    if active not in _YES | _NO | {"t", "f"}:
        faults.append(f"{where}: {ACTIVE} is {active!r}: it must be yes or no")
    elif active in _NO | {"f"}:
        values = {"state": "disabled", **values}
    cells: dict[str | None, t.Any] = {name: _cell(value) for name, value in values.items()}
    for name in _LISTS:
        if name in cells:
            cells[name] = cells[name].replace(",", " ")
    if "expires" in cells:
        # A moment is cut to its day.
        cells["expires"] = cells["expires"][:10]
    if not cells.get("address", "").strip():
        faults.append(f"{where} has no address")
        return {}
    return _user_of(cells, where, faults)


def _with_scheme(password_hash: str | None, scheme: str) -> dict[str, str]:
    if password_hash is None:
        return {}
    return {"password_hash": password_hash if password_hash.startswith("{") else f"{{{scheme}}}{password_hash}"}


def aliases_from_file(text: str, domain: str) -> list[dict[str, t.Any]]:
    """Return the aliases of an aliases(5) file; domain is that of names without one."""
    faults: list[str] = []
    aliases: list[dict[str, t.Any]] = []
    for number, line in _logical_lines(text):
        where = f"line {number}"
        match = _ALIAS.fullmatch(line)
        if match is None:
            faults.append(f"{where} is no alias: write name: target, target")
            continue
        address = _address(_unquoted(match.group(1)), domain, where, faults)
        targets = []
        for part in _TARGET.findall(match.group(2)):
            target = _unquoted(part.strip())
            if target.startswith(("|", "/", ":include:")):
                faults.append(f"{where} delivers to {target}, which is no address: that takes a transport or a script")
            elif target:
                targets.append(_address(target.lstrip("\\"), domain, where, faults))
        if address is not None:
            aliases.append({"address": address, "to": [target for target in targets if target is not None]})
    if faults:
        raise ExchangeError(faults)
    return aliases


def _user_of(row: t.Mapping[str | None, t.Any], where: str, faults: list[str]) -> dict[str, t.Any]:
    user: dict[str, t.Any] = {}
    if None in row or None in row.values():
        faults.append(f"{where} has another number of cells than the first line")
        return {}
    for name, cell in row.items():
        value = str(cell).strip()
        if name is None or not value:
            continue
        if name in _LISTS:
            user[name] = value.split()
        elif name not in _FLAGS:
            user[name] = value
        elif value.lower() in _YES | _NO:
            user[name] = value.lower() in _YES
        else:
            faults.append(f"{where}: {name} is {value!r}: write yes or no")
    if user and "address" not in user:
        faults.append(f"{where} has no address")
    return user


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return " ".join(str(item) for item in value)
    return str(value)


def _user_of_entry(entry: Entry, address: str) -> dict[str, t.Any]:
    user: dict[str, t.Any] = {"address": address}
    if entry.password:
        # What Dovecot takes a hash for that names no scheme.
        user["password_hash"] = entry.password if entry.password.startswith("{") else f"{{CRYPT}}{entry.password}"
    networks = _account_fields.networks_of(entry.extra)
    expires = _account_fields.expires_of(entry.extra)
    if _account_fields.is_locked(entry.extra):
        user["state"] = "disabled"
    named = {"name": entry.gecos, "home": entry.home, "allow_nets": list(networks), "expires": expires}
    user.update({key: value for key, value in named.items() if value})
    extra: dict[str, str] = {}
    for token in entry.extra:
        name, _separator, value = token.partition("=")
        limit = _account.read_quota(token) if name in _account.QUOTA_FIELDS else None
        if limit is not None:
            user["quota"] = _account.format_quota(limit) if limit else "0"
        elif field_name(token) not in {_account_fields.DISABLED, _account_fields.EXPIRES, "allow_nets"}:
            extra[name] = value
    if extra:
        user["extra_fields"] = extra
    return user


def _address(text: str, domain: str, where: str, faults: list[str]) -> str | None:
    if "@" not in text and not domain:
        faults.append(f"{where}: {text} has no domain: say which in domain")
        return None
    try:
        return parse_address(text if "@" in text else f"{text}@{domain}")
    except AddressError as error:
        faults.append(f"{where}: {error}" if where != text else str(error))
        return None


def _logical_lines(text: str) -> t.Iterator[tuple[int, str]]:
    """Yield lines with those that continue them; comments and blank lines do not end one."""
    start, parts = 0, [""]
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0].isspace() and start:
            parts.append(line.strip())
            continue
        if start:
            yield start, " ".join(parts)
        start, parts = number, [line]
    if start:
        yield start, " ".join(parts)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') and text.endswith('"') else text
