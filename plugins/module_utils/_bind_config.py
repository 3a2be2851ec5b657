# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The configuration files of named, of a server as data."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._bind_grammar import (
    BindDataError,
    braces,
    quote,
    statements,
    verbatim,
)
from ansible_collections.postmaster.mail.plugins.module_utils._bind_model import (
    Key,
    Policy,
    Server,
    Zone,
    key_text,
    peers,
)

BANNER = (
    "Written by Ansible, module postmaster.mail.bind_config. Changes made here are lost: make them in the inventory."
)

_BEGIN = "// BEGIN postmaster.mail.bind_config"
_END = "// END postmaster.mail.bind_config"
_BLOCK = re.compile(rf"{_BEGIN}\n.*?{_END}\n", re.DOTALL)
_TO_VIEWS = "// postmaster.mail.bind_config, in each view: "
_INCLUDE = re.compile(r'^[ \t]*include[ \t]+"([^"\n]+)"[ \t]*;[ \t]*$', re.MULTILINE)
_MOVED = re.compile(rf"^{_TO_VIEWS}", re.MULTILINE)

Locate = t.Callable[[str], str]


@dataclass(frozen=True)
class Paths:
    """Where things are; data is a directory that named may write to."""

    config: str = "/etc/bind"
    data: str = "/var/lib/bind/postmaster-mail"

    @property
    def main(self) -> str:
        """The file that named reads first."""
        return os.path.join(self.config, "named.conf")

    @property
    def options(self) -> str:
        """The file with the global options."""
        return os.path.join(self.config, "named.conf.options")

    @property
    def local(self) -> str:
        """The file for the administrator's own zones."""
        return os.path.join(self.config, "named.conf.local")

    @property
    def ours(self) -> str:
        """Our lists, policies, views and zones."""
        return os.path.join(self.config, "postmaster-mail.conf")

    @property
    def keys(self) -> str:
        """The TSIG keys."""
        return os.path.join(self.config, "postmaster-mail.keys")

    @property
    def dnssec_keys(self) -> str:
        """The keys that sign zones."""
        return os.path.join(self.data, "keys")

    def folders(self) -> list[str]:
        """Return the directories that must exist, outer ones first."""
        return [self.data, *(os.path.join(self.data, name) for name in ("static", "dynamic", "secondary", "keys"))]

    def zone_file(self, zone: Zone) -> str:
        """Return the file of a zone. Dynamic zones have a place of their own: no static one lies beside a journal."""
        kind = "secondary" if zone.type == "secondary" else "dynamic" if zone.dynamic else "static"
        return os.path.join(self.data, kind, f"{zone.title}@{zone.view}.db" if zone.view else f"{zone.title}.db")

    def other_zone_file(self, zone: Zone) -> str:
        """Return the file that a primary zone had if it was static and is now dynamic, or the other way round."""
        other = "static" if zone.dynamic else "dynamic"
        return os.path.join(self.data, other, os.path.basename(self.zone_file(zone)))


def options_text(server: Server) -> str:
    """Return the file with the global options."""
    return "\n".join([f"// {BANNER}", "options {", *statements(server.options, "options", 1), "};", ""])


def keys_text(keys: t.Iterable[Key], hidden: str | None = None) -> str:
    """Return the file with the keys; hidden is written in place of each secret where given."""
    return f"// {BANNER}\n" + "".join(key_text(key, hidden) for key in keys)


def ours_text(server: Server, paths: Paths, moved: t.Sequence[str], locate: Locate) -> str:
    """Return lists, policies, views and zones. moved are files that belong into each view."""
    lines = [f"// {BANNER}"]
    if server.keys:
        lines.append(f"include {quote(locate(paths.keys), 'keys')};")
    lines += [f"acl {quote(name, 'acls')} {braces(elements)};" for name, elements in server.acls.items()]
    for policy in server.policies:
        lines += _policy_lines(policy)
    lines += statements(server.statements, "statements")
    if not server.views:
        for zone in server.zones:
            lines += _zone_lines(zone, paths, locate, 0)
    for view in server.views:
        lines += [f'view "{view.name}" {{', f"    match-clients {braces(view.clients)};"]
        lines += statements(view.settings, f"View {view.name}", 1)
        lines += [f"    include {quote(path, 'include')};" for path in moved]
        for zone in server.zones:
            if zone.view == view.name:
                lines += _zone_lines(zone, paths, locate, 1)
        lines.append("};")
    return "\n".join([*lines, ""])


def _policy_lines(policy: Policy) -> list[str]:
    settings: dict[str, t.Any] = {}
    if policy.nsec3:
        # RFC 9276: no further iterations, no salt.
        settings["nsec3param"] = "iterations 0 optout no salt-length 0"
    settings.update(policy.settings)
    what = f"Policy {policy.name}"
    keys = ["    keys {", *(f"        {verbatim(key, what)};" for key in policy.keys), "    };"] if policy.keys else []
    return [f'dnssec-policy "{policy.name}" {{', *keys, *statements(settings, what, 1), "};"]


def _zone_lines(zone: Zone, paths: Paths, locate: Locate, depth: int) -> list[str]:
    what = f"Zone {zone.title}"
    settings: dict[str, t.Any] = {"type": zone.type}
    if zone.type == "forward":
        settings.update({"forward": "only", "forwarders": peers(zone.forwarders)})
    else:
        settings["file"] = quote(locate(paths.zone_file(zone)), what)
        settings["allow-transfer"] = braces(zone.transfer_to or ("none",))
        settings["notify"] = "explicit" if zone.notify else "no"
        settings["also-notify"] = peers(zone.notify) if zone.notify else None
    if zone.type == "secondary":
        settings["primaries"] = peers(zone.primaries)
    if zone.type == "primary":
        settings["update-policy"] = braces(verbatim(rule, what) for rule in zone.update_policy) or None
        settings["update-policy"] = settings["update-policy"] if zone.update_policy else None
        settings["allow-update"] = braces(zone.allow_update) if zone.allow_update else None
        if zone.dnssec_policy:
            settings["dnssec-policy"] = quote(zone.dnssec_policy, what)
            settings["key-directory"] = quote(locate(paths.dnssec_keys), what)
        # named writes what it signs beside our file, so that the file stays ours; a dynamic zone is named's own anyway.
        if zone.dnssec_policy not in ("", "none"):
            settings["inline-signing"] = not zone.dynamic
    settings.update(zone.settings)
    indent = "    " * depth
    return [f'{indent}zone "{zone.title}" {{', *statements(settings, what, depth + 1), f"{indent}}};"]


def with_include(text: str, path: str) -> str:
    """Return the file for the administrator's own zones with one marked block that includes path."""
    block = f"{_BEGIN}\ninclude {quote(path, 'include')};\n{_END}\n"
    if _BLOCK.search(text):
        return _BLOCK.sub(lambda _match: block, text, count=1)
    return f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{block}"


def without_include(text: str) -> str:
    """Return the file for the administrator's own zones without our block."""
    return _BLOCK.sub("", text)


def move_to_views(text: str, paths: Paths, views: bool) -> tuple[str, list[str]]:
    """Return named.conf with the includes that hold zones moved away, or back, and the files that they include.

    With views every zone must be in one, also those that the distribution brings along.
    """
    plain = _MOVED.sub("", text)
    includes = [match.group(1) for match in _INCLUDE.finditer(plain)]
    for needed in (paths.options, paths.local):
        if needed not in includes:
            raise BindDataError(
                f'{paths.main} does not include {needed}, which this module writes. Add the line: include "{needed}";'
            )
    if not views:
        return plain, []
    moved = [path for path in includes if path not in (paths.options, paths.local)]

    def mark(match: re.Match[str]) -> str:
        return f"{_TO_VIEWS}{match.group(0)}" if match.group(1) in moved else match.group(0)

    return _INCLUDE.sub(mark, plain), moved


def relocate_includes(text: str, locate: Locate) -> str:
    """Return a file with its includes read from elsewhere, to check a configuration before it is in place."""
    return _INCLUDE.sub(
        lambda match: match.group(0).replace(f'"{match.group(1)}"', f'"{locate(match.group(1))}"'), text
    )
