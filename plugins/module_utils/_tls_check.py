# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What to look at and what to expect: the task's parameters as plans, refused if they make no sense."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._mail_wire import Endpoint
from ansible_collections.postmaster.mail.plugins.module_utils._tls_certificate import ascii_name
from ansible_collections.postmaster.mail.plugins.module_utils._tls_ciphers import VERSIONS, WEAKNESSES
from ansible_collections.postmaster.mail.plugins.module_utils._tls_look import KEY_TYPES
from ansible_collections.postmaster.mail.plugins.module_utils._tls_starttls import IMPLICIT, PROTOCOLS, WELL_KNOWN

_Params = t.Mapping[str, t.Any]
_Spec = dict[str, t.Any]

DEPTHS = ("certificate", "versions", "weak_ciphers", "ciphers")
TOLERATED = ("none", "info", "warning")
_NAME = re.compile(r"[A-Za-z0-9_*.:%-]{1,255}")


class PlanError(ValueError):
    """A check that cannot mean anything."""


@dataclass(frozen=True)
class Expectation:
    """What has to be true; None and empty say nothing."""

    serial: int | None = None
    fingerprint: str = ""
    names: tuple[str, ...] = ()
    min_days_left: int | None = None
    trusted: bool | None = None
    versions: tuple[str, ...] = ()
    refused_versions: tuple[str, ...] = ()
    refused_weaknesses: tuple[str, ...] = ()
    tolerated: str = ""


@dataclass(frozen=True)
class CheckPlan:
    """One server, as seen by the names that a client may use for it."""

    name: str
    endpoint: Endpoint
    protocol: str
    server_names: tuple[str, ...]
    ca_path: str
    key_type: str
    depth: str
    soon_days: int
    expectation: Expectation

    def goes(self, depth: str) -> bool:
        return DEPTHS.index(self.depth) >= DEPTHS.index(depth)


def argument_spec() -> _Spec:
    """Return the specification of all options. Defaults are applied later, because options are inherited."""
    return {
        **_options(),
        "checks": {"type": "list", "elements": "dict", "options": _options()},
        "parallel": {"type": "int", "default": 1},
    }


def _options() -> _Spec:
    return {
        "name": {"type": "str"},
        "host": {"type": "str"},
        "port": {"type": "int"},
        "starttls": {"type": "str", "choices": ["auto", *PROTOCOLS]},
        "server_names": {"type": "list", "elements": "str"},
        "ca_path": {"type": "path"},
        "key_type": {"type": "str", "choices": list(KEY_TYPES)},
        "address_family": {"type": "str", "choices": ["any", "ipv4", "ipv6"]},
        "source_address": {"type": "str"},
        "connect_timeout": {"type": "float"},
        "reply_timeout": {"type": "float"},
        "depth": {"type": "str", "choices": list(DEPTHS)},
        "expires_soon_days": {"type": "int"},
        "expect": {
            "type": "dict",
            "options": {
                "serial": {"type": "str"},
                "fingerprint": {"type": "str"},
                "names": {"type": "list", "elements": "str"},
                "min_days_left": {"type": "int"},
                "trusted": {"type": "bool"},
                "versions": {"type": "list", "elements": "str", "choices": list(VERSIONS)},
                "refused_versions": {"type": "list", "elements": "str", "choices": list(VERSIONS)},
                "refused_weaknesses": {"type": "list", "elements": "str", "choices": ["all", *WEAKNESSES]},
                "tolerated_warnings": {"type": "str", "choices": list(TOLERATED)},
            },
        },
    }


def plan_checks(params: _Params) -> list[CheckPlan]:
    """Turn the module's parameters into plans. Raises PlanError naming the check, before anything is connected to."""
    listed: list[_Params] | None = params.get("checks")
    if listed is None:
        return [_named(params, {})]
    plans = [_named(check, params) for check in listed]
    names = [plan.name for plan in plans]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PlanError(
            f"Several checks have the name {twice[0]!r}. Give each its own, results are told apart by name."
        )
    return plans


def _named(own: _Params, shared: _Params) -> CheckPlan:
    def inherited(name: str, default: t.Any) -> t.Any:
        return next((level[name] for level in (own, shared) if level.get(name) is not None), default)

    host = str(inherited("host", "")).strip("[]")
    port = inherited("port", None)
    label = own.get("name") or f"{host}:{port}"
    try:
        return _plan(label, host, port, inherited)
    except PlanError as error:
        raise PlanError(f"Check {label!r}: {error}") from error


def _plan(label: str, host: str, port: int | None, inherited: t.Callable[[str, t.Any], t.Any]) -> CheckPlan:
    if not host or not _NAME.fullmatch(_ascii(host)):
        raise PlanError(f"host is {host!r}; give the name or address of the server.")
    if port is None or not 0 < port < 65536:
        raise PlanError(f"port is {port}; give a TCP port from 1 to 65535.")
    names = tuple(str(name) for name in inherited("server_names", []) or [host])
    for name in names:
        if name and not _NAME.fullmatch(_ascii(name)):
            raise PlanError(f"server_names has {name!r}, which is no host name.")
    protocol = inherited("starttls", "auto")
    connect_timeout, reply_timeout = float(inherited("connect_timeout", 10.0)), float(inherited("reply_timeout", 30.0))
    if connect_timeout <= 0 or reply_timeout <= 0:
        raise PlanError("connect_timeout and reply_timeout must be greater than zero.")
    family = inherited("address_family", "any")
    expectation = _expectation(inherited("expect", {}))
    return CheckPlan(
        name=label,
        endpoint=Endpoint(
            host=host,
            port=port,
            tls="none",
            source_address=str(inherited("source_address", "")).strip("[]"),
            family="" if family == "any" else family,
            connect_timeout=connect_timeout,
            reply_timeout=reply_timeout,
        ),
        protocol=WELL_KNOWN.get(port, IMPLICIT) if protocol == "auto" else protocol,
        server_names=names,
        ca_path=inherited("ca_path", ""),
        key_type=inherited("key_type", "any"),
        depth=max(inherited("depth", "weak_ciphers"), _needed(expectation), key=DEPTHS.index),
        soon_days=int(inherited("expires_soon_days", 21)),
        expectation=expectation,
    )


def _ascii(name: str) -> str:
    try:
        return ascii_name(name)
    except UnicodeError as error:
        raise PlanError(f"{name!r} is no host name: {error}.") from error


def _needed(expectation: Expectation) -> str:
    """Return how deep a check has to go to tell whether the expectation is met."""
    if expectation.refused_weaknesses:
        return "weak_ciphers"
    return "versions" if expectation.versions or expectation.refused_versions else "certificate"


def _expectation(params: _Params) -> Expectation:
    versions, refused = params.get("versions") or (), params.get("refused_versions") or ()
    both = [version for version in versions if version in refused]
    if both:
        raise PlanError(f"{both[0]} cannot be in versions and in refused_versions.")
    weaknesses = params.get("refused_weaknesses") or ()
    return Expectation(
        serial=_serial(params.get("serial") or ""),
        fingerprint=_fingerprint(params.get("fingerprint") or ""),
        names=tuple(params.get("names") or ()),
        min_days_left=params.get("min_days_left"),
        trusted=params.get("trusted"),
        versions=tuple(versions),
        refused_versions=tuple(refused),
        refused_weaknesses=tuple(WEAKNESSES) if "all" in weaknesses else tuple(weaknesses),
        tolerated=params.get("tolerated_warnings") or "",
    )


def _serial(text: str) -> int | None:
    if not text:
        return None
    plain = text.replace(":", "").replace(" ", "")
    if not re.fullmatch(r"(?:0[xX])?[0-9A-Fa-f]+", plain):
        raise PlanError(f"the serial {text!r} is no hexadecimal number.")
    return int(plain, 16)


def _fingerprint(text: str) -> str:
    plain = text.replace(":", "").replace(" ", "").lower()
    if plain and not re.fullmatch(r"[0-9a-f]{64}", plain):
        raise PlanError(f"the fingerprint {text!r} is no SHA-256: it needs 64 hexadecimal digits.")
    return plain
