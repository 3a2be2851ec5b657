# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What role tls says of the certificates of a host, as the configuration of the program that keeps them there."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._tls_certificate import ascii_name

Data = t.Mapping[str, t.Any]

_NAME = re.compile(r"(\*\.)?([^\W_]([\w-]*\w)?\.)*[^\W_]([\w-]*\w)?\.?")
# Other files and folders are beside the folders of the certificates.
_TAKEN = ("acme", "archive", "ca", "current", "hooks.d", "sources")
_PAIR_KEYS = ("certificate", "privkey", "certificate_file", "privkey_file")
_KEY_TYPES = ("ECC", "RSA")


class TlsDataError(Exception):
    """What contradicts itself in the variables of the role."""


def compose(settings: Data) -> dict[str, t.Any]:
    """Return the certificates with their configurations. Raises TlsDataError with all that is wrong."""
    problems = list(_problems(settings))
    if problems:
        raise TlsDataError(" ".join(problems))
    return {"certificates": [_certificate(one, settings) for one in settings["certificates"]]}


def _problems(settings: Data) -> t.Iterator[str]:
    certificates = settings["certificates"]
    if not certificates:
        yield "tls_certificates is empty: name one certificate at least."
    names = [one["name"].lower() for one in certificates]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"tls_certificates has {name} twice: put all names of it into one entry."
    yield from _key_type_problems(settings["key_types"])
    for one in certificates:
        yield from _name_problems(one)
        yield from _pair_problems(one, settings["mode"])
    valid_days = settings["issuer"].get("valid_days")
    if valid_days is not None and valid_days <= settings["renew_before_days"]:
        yield (
            f"A certificate is valid for {valid_days} days and made anew {settings['renew_before_days']} days before "
            "its end, at each run: lower tls_renew_before_days."
        )


def _key_type_problems(types: t.Sequence[str]) -> t.Iterator[str]:
    if not types or len(set(types)) < len(types) or not set(types) <= set(_KEY_TYPES):
        yield f"tls_key_types is {', '.join(types) or 'empty'}: write ECC, RSA or both, each once."


def _name_problems(one: Data) -> t.Iterator[str]:
    no_name = not _NAME.fullmatch(one["name"]) or not _in_certificates(one["name"])
    if one["name"].startswith("*") or one["name"] in _TAKEN or no_name:
        yield f"{one['name']} in tls_certificates is no host name that a folder can have."
    for name in _more_names(one):
        if not _NAME.fullmatch(name) or not _in_certificates(name):
            yield f"{name} among the names of {one['name']} in tls_certificates is no host name."


def _pair_problems(one: Data, mode: str) -> t.Iterator[str]:
    if mode not in ("provided", "existing"):
        return
    for number, pair in enumerate(_pairs(one), 1):
        where = f"Pair {number} of {one['name']} in tls_certificates"
        for key in ("certificate", "privkey"):
            given = [key for key in (key, f"{key}_file") if pair.get(key)]
            if mode == "existing" and not str(pair.get(f"{key}_file") or "").startswith("/"):
                yield f"{where} needs {key}_file, the path on the host, with tls_mode existing."
            elif mode == "provided" and len(given) != 1:
                yield f"{where} needs either {key}, its contents, or {key}_file, its file on the controller."
    if len(_pairs(one)) > len(_KEY_TYPES):
        yield f"{one['name']} in tls_certificates has more than one pair for each kind of key."


def _more_names(one: Data) -> list[str]:
    return list(one.get("names") or ())


def _in_certificates(name: str) -> str:
    """Return a name with A-labels, or an empty text if it has none."""
    try:
        return name if name.isascii() else ascii_name(name)
    except UnicodeError:
        return ""


def _pairs(one: Data) -> list[Data]:
    return list(one.get("pairs") or [one])


def _certificate(one: Data, settings: Data) -> dict[str, t.Any]:
    names = list(dict.fromkeys(_in_certificates(name) for name in (one["name"], *_more_names(one))))
    given = settings["mode"] in ("provided", "existing")
    return {
        "name": one["name"],
        "names": names,
        "pairs": [_numbered(number, pair) for number, pair in enumerate(_pairs(one), 1)] if given else [],
        "config": {
            "name": one["name"],
            "names": names,
            "sources": _sources(one, settings),
            "issuer": _issuer(one, settings["issuer"]),
            "renew_before_days": settings["renew_before_days"],
            "trust": settings["trust"],
            "group": settings["group"],
            "proofs": _proofs(names, settings["proofs"] if one.get("proofs") is None else one["proofs"]),
            "proof_timeout": settings["proof_timeout"],
        },
    }


def _numbered(number: int, pair: Data) -> dict[str, t.Any]:
    return {"number": number, **{key: pair.get(key) or "" for key in _PAIR_KEYS}}


def _issuer(one: Data, issuer: Data) -> dict[str, t.Any]:
    argv = [word.replace("{name}", one["name"]) for word in issuer.get("argv", ())]
    return {**issuer, **({"argv": argv} if argv else {})}


def _sources(one: Data, settings: Data) -> list[dict[str, str]]:
    if settings["mode"] == "existing":
        return [{"certificate": pair["certificate_file"], "privkey": pair["privkey_file"]} for pair in _pairs(one)]
    if settings["mode"] == "provided":
        paths = [
            f"{settings['sources']}/{one['name']}/provided-{number}.pem" for number in range(1, len(_pairs(one)) + 1)
        ]
        return [{"certificate": path, "privkey": path} for path in paths]
    return [
        {key: pattern.format(name=one["name"], kind=kind.lower()) for key, pattern in settings["patterns"].items()}
        for kind in settings["key_types"]
    ]


def _proofs(names: t.Iterable[str], proofs: t.Iterable[Data]) -> list[dict[str, t.Any]]:
    """Return a handshake for each port and each name, if the port has no names of its own."""
    plain = [name for name in names if not name.startswith("*")]
    return [
        {**{key: value for key, value in proof.items() if value is not None}, "server_name": name}
        for proof in proofs
        for name in ([proof["server_name"]] if proof.get("server_name") else plain)
    ]
