"""Keys of the zone roll.example, as the server publishes them and as rndc knows them."""

from __future__ import annotations

import re

import dns.dnssec
from ask import NS12, ask

ZONE = "roll.example"
SECURE_ENTRY_POINT = 1


def published(role: str) -> set[int]:
    """Tags of the keys in the DNSKEY records, those of role KSK or ZSK."""
    wanted = SECURE_ENTRY_POINT if role == "KSK" else 0
    answer = ask(NS12, ZONE, "DNSKEY")
    keys = [data for rrset in answer.answer if rrset.rdtype == dns.rdatatype.DNSKEY for data in rrset]
    return {dns.dnssec.key_id(key) for key in keys if key.flags & SECURE_ENTRY_POINT == wanted}


def signers(rtype: str, name: str = ZONE) -> set[int]:
    """Tags of the keys that the records of one type are signed with."""
    answer = ask(NS12, name, rtype, dnssec=True)
    return {data.key_tag for rrset in answer.answer if rrset.rdtype == dns.rdatatype.RRSIG for data in rrset}


def states(host, tag: int) -> dict[str, str]:
    """What named knows of a key: the state of its parts in all caches."""
    names = host.check_output("ls /var/lib/bind/postmaster-mail/keys").split()
    [name] = [name for name in names if name.startswith(f"K{ZONE}.") and name.endswith(f"+{tag:05}.state")]
    text = host.file(f"/var/lib/bind/postmaster-mail/keys/{name}").content_string
    return dict(re.findall(r"^(\w+): (\w+)$", text, re.MULTILINE))
