# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is wrong with a published record, as data; and SPF as its receivers count it."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_ask import Ask, by_resolver
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import unquote_txt

MOST_SPF_LOOKUPS: t.Final = 10

_SPF_TERM = re.compile(r"[-+~?]?(include|redirect|a|mx|ptr|exists)(?:[:=]([^/\s]+))?(?:/\S*)?\Z", re.IGNORECASE)
_KIND = re.compile(r"v=(spf1|DMARC1|DKIM1|STSv1|TLSRPTv1)(?=[\s;]|\Z)", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: the record it is about, what was expected and found there, and by which servers."""

    id: str
    severity: str
    zone: str
    name: str
    type: str
    expected: tuple[str, ...]
    found: tuple[str, ...]
    servers: tuple[str, ...]
    cause: str
    remedy: str


def describe(finding: Finding) -> dict[str, t.Any]:
    """Return a finding as plain data."""
    return {
        "id": finding.id,
        "severity": finding.severity,
        "zone": finding.zone,
        "name": finding.name,
        "type": finding.type,
        "expected": list(finding.expected),
        "found": list(finding.found),
        "servers": list(finding.servers),
        "cause": finding.cause,
        "remedy": finding.remedy,
    }


def table(findings: t.Sequence[Finding], checked: int) -> str:
    """Return the findings for people."""
    errors = sum(finding.severity == "error" for finding in findings)
    lines = [f"{checked} record sets checked: {errors} errors, {len(findings) - errors} warnings."]
    for finding in findings:
        record = " ".join(part for part in (finding.name, finding.type) if part)
        lines += ["", f"{finding.severity.upper()}  {finding.id}  {record}", f"  {finding.cause}"]
        lines += [f"  expected  {text}" for text in finding.expected]
        lines += [f"  found     {text}" for text in finding.found]
        if finding.servers:
            lines.append(f"  servers   {', '.join(finding.servers)}")
        lines.append(f"  remedy    {finding.remedy}")
    return "\n".join(lines) + "\n"


def text_kind(value: str) -> str:
    """Return what a TXT value is for, such as spf1; nothing for other texts."""
    match = _KIND.match(unquote_txt(value))
    return match.group(1).lower() if match else ""


def is_address(target: str) -> bool:
    """Tell whether a name is an address in truth."""
    try:
        ipaddress.ip_address(target.rstrip("."))
    except ValueError:
        return False
    return True


def is_badly_split(expected: t.Sequence[str], found: t.Sequence[str]) -> bool:
    """Tell whether found are the expected texts with quotation marks or spaces too many, or in several records."""

    def squeezed(values: t.Iterable[str]) -> str:
        return re.sub(r'[\s"\\]', "", "".join(unquote_txt(value) for value in values))

    if not found or any(value in found for value in expected):
        return False
    whole = {squeezed([value]) for value in expected}
    pieces = [squeezed([value]) for value in found]
    return any(
        text in pieces or text in ("".join(pieces), "".join(reversed(pieces))) or _is_joined(text, pieces)
        for text in whole
    )


def _is_joined(text: str, pieces: t.Sequence[str]) -> bool:
    return len(pieces) > 1 and len(text) == sum(map(len, pieces)) and all(piece in text for piece in pieces)


def spf_lookups(domain: str, ask: Ask, resolver: str) -> int:
    """Return how many look-ups the SPF record of domain costs its receivers (RFC 7208, 4.6.4)."""
    return _count(domain, ask, resolver, frozenset())


def _count(domain: str, ask: Ask, resolver: str, above: frozenset[str]) -> int:
    if domain in above:
        return MOST_SPF_LOOKUPS + 1
    answer = ask(by_resolver(resolver, domain, "TXT"))
    records = [unquote_txt(value) for value in answer.value if text_kind(value) == "spf1"]
    count = 0
    for term in records[0].split()[1:] if len(records) == 1 else ():
        match = _SPF_TERM.match(term)
        if not match:
            continue
        count += 1
        if match.group(1).lower() in ("include", "redirect") and match.group(2) and "%" not in match.group(2):
            count += _count(f"{match.group(2).rstrip('.').lower()}.", ask, resolver, above | {domain})
        if count > MOST_SPF_LOOKUPS:
            break
    return count
