# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From the variables of role webmail to what its tasks take, or to a list of all contradictions in them."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ._role_variables import RoleVariables
from ._tls_certificate import ascii_name
from ._tls_profiles import default_file, named_certificates, profile_of
from ._webmail_roundcube import PLUGIN_FEATURES, Site, check_roundcube, logo_name, plugins_of, roundcube_files

ENGINES = ("roundcube", "none")
SERVERS = ("nginx", "apache")
_PATH = re.compile(r"/|(/[A-Za-z0-9._~-]+)+")
_HOSTNAME = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_BODY_EXTRA = 1024 * 1024


class CompositionError(Exception):
    """The variables contradict each other; the text lists every fault."""


class Variables(RoleVariables):
    """The variables of role webmail."""

    prefix = "webmail_"


@dataclasses.dataclass(frozen=True)
class OtherNames:
    """Names that a certificate has besides those of the sites."""

    names: list[str]
    certificate: str
    key: str


@dataclasses.dataclass(frozen=True)
class Composition:
    """What the role asks its modules and templates for."""

    engine: str
    server: str
    # The path before the slash that each address of Roundcube begins with; empty at the root of the host.
    base: str
    sites: list[Site]
    other_names: list[OtherNames]
    versions: list[str]
    ciphers: str
    suites: str
    groups: list[str]
    server_chooses: bool
    headers: dict[str, str]
    plugins: list[str]
    features: list[str]
    files: list[dict[str, str]]
    logos: list[dict[str, str]]
    body_limit: int


def compose(variables: t.Mapping[str, t.Any], host: t.Mapping[str, t.Any]) -> Composition:
    """Return the composition.

    variables are those of the role without their prefix. host says what the platform and the target are like: data (the
    role's folder for what changes), mysql_socket, known_plugins (of the distribution), foreign_names (host names that
    are served, but not for Roundcube) and the secrets des_key and database_password.
    Raises CompositionError.
    """
    faults: list[str] = []
    wishes = Variables(variables, faults)
    engine = _one_of(wishes, "engine", ENGINES)
    server = _one_of(wishes, "server", SERVERS)
    profile = profile_of(wishes)
    path = wishes.text("path")
    if not _PATH.fullmatch(path):
        wishes.refuse("path", path, "/ or a path that begins with a slash and ends without one, such as /webmail")
    _check_acme(wishes)
    base = path.rstrip("/")
    sites = _sites(wishes)
    limit = wishes.number("message_size_limit")
    roundcube = engine == "roundcube"
    if roundcube:
        check_roundcube(wishes, host)
    composition = Composition(
        engine=engine,
        server=server,
        base=base,
        sites=sites,
        other_names=_other_names(wishes, sites, host),
        versions=list(profile.versions),
        ciphers=profile.cipher_list,
        suites=":".join(profile.suites),
        groups=list(profile.groups),
        server_chooses=profile.server_chooses,
        headers=_headers(wishes),
        plugins=plugins_of(wishes) if roundcube else [],
        features=_features(wishes) if roundcube else [],
        files=roundcube_files(wishes, host, sites, base) if roundcube and not faults else [],
        logos=_logos(wishes, sites) if roundcube else [],
        body_limit=limit + _BODY_EXTRA if limit else 0,
    )
    if faults:
        raise CompositionError("; ".join(faults))
    return composition


def _one_of(wishes: Variables, name: str, choices: t.Sequence[str]) -> str:
    value = wishes.text(name)
    if value not in choices:
        wishes.refuse(name, value, f"one of {', '.join(choices)}")
    return value


def _check_acme(wishes: Variables) -> None:
    if wishes.text("acme_challenge") == "http-01-standalone":
        wishes.fault(
            "tls_acme_challenge http-01-standalone needs port 80 at each renewal, which the web server has: "
            "say http-01-webroot or dns-01"
        )


def _features(wishes: Variables) -> list[str]:
    return sorted(
        {wishes.text("database"), *(PLUGIN_FEATURES[name] for name in plugins_of(wishes) if name in PLUGIN_FEATURES)}
    )


def _logos(wishes: Variables, sites: t.Sequence[Site]) -> list[dict[str, str]]:
    paths = dict.fromkeys([wishes.text("logo"), *(str(site.settings.get("logo", "")) for site in sites)])
    logos = [{"path": path, "name": logo_name(path)} for path in paths if path]
    wishes.check_unique("logo", [logo["name"] for logo in logos])
    return logos


def _sites(wishes: Variables) -> list[Site]:
    """Return what is served by name, the host's own first."""
    own = {"hostname": wishes.text("hostname"), "domain": wishes.text("domain")}
    entries = wishes.entries("sites")
    if own["hostname"] not in [str(entry.get("hostname", "")) for entry in entries]:
        entries = [own, *entries]
    sites: list[Site] = []
    for number, entry in enumerate(entries):
        given = str(entry.get("hostname") or "")
        hostname = _hostname(wishes, given)
        if not hostname:
            continue
        certificate, key = _certificate(wishes, hostname, entry)
        settings = {name: entry[name] for name in ("product_name", "logo", "skin", "language") if entry.get(name)}
        settings["domain"] = str(entry.get("domain") or wishes.text("domain"))
        sites.append(Site(hostname, certificate, key, settings, f"site-{number}.inc.php" if entry is not own else ""))
    wishes.check_unique("sites", [site.hostname for site in sites])
    return sites


def _hostname(wishes: Variables, text: str) -> str:
    try:
        name = ascii_name(text)
    except UnicodeError:
        name = ""
    if not _HOSTNAME.fullmatch(name):
        wishes.fault(
            f"webmail_sites: {text!r} is no name of a host: each entry needs a hostname such as mail.example.org"
        )
        return ""
    return name


def _certificate(wishes: Variables, hostname: str, entry: t.Mapping[str, t.Any]) -> tuple[str, str]:
    if entry.get("certificate") or entry.get("key"):
        if not (entry.get("certificate") and entry.get("key")):
            wishes.fault(f"webmail_sites: {hostname} has a certificate or a key alone: give both, or none")
        return str(entry.get("certificate", "")), str(entry.get("key", ""))
    directory = wishes.text("tls_directory")
    for certificate in named_certificates(wishes):
        if any(_covers(name, hostname) for name in certificate.names):
            return default_file(directory, certificate.name, "fullchain"), default_file(
                directory, certificate.name, "privkey"
            )
    wishes.fault(
        f"no certificate of tls_certificates is for {hostname}: add the name to tls_names or tls_certificates, or give "
        "the entry of webmail_sites a certificate and a key"
    )
    return "", ""


def _covers(pattern: str, hostname: str) -> bool:
    return pattern == hostname or (pattern.startswith("*.") and pattern[1:] == hostname[hostname.find(".") :])


def _other_names(wishes: Variables, sites: t.Sequence[Site], host: t.Mapping[str, t.Any]) -> list[OtherNames]:
    taken = {site.hostname for site in sites} | set(host["foreign_names"])
    directory = wishes.text("tls_directory")
    found = []
    for certificate in named_certificates(wishes):
        names = [name for name in certificate.names if name not in taken]
        if names:
            paths = (default_file(directory, certificate.name, kind) for kind in ("fullchain", "privkey"))
            found.append(OtherNames(names, *paths))
    return found


def _headers(wishes: Variables) -> dict[str, str]:
    """Return what browsers are told with each answer."""
    # Roundcube's pages have scripts and styles in them, and what its server answers is evaluated.
    policy = {
        "default-src": "'none'",
        "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:" + (" https:" if wishes.flag("remote_images") else ""),
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "media-src": "'self' blob:",
        "object-src": "'self' blob:",
        "frame-src": "'self' blob:",
        "manifest-src": "'self'",
        "worker-src": "'self' blob:",
        "form-action": "'self'",
        "base-uri": "'self'",
        "frame-ancestors": "'self'",
    }
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    days = wishes.number("hsts_days")
    if days:
        headers["Strict-Transport-Security"] = f"max-age={days * 86400}"
    return headers
