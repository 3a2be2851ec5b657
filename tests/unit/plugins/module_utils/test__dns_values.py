from __future__ import annotations

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _dns_values as values
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError

GOOD = [
    ("A", "192.0.2.1", "192.0.2.1"),
    ("AAAA", "2001:DB8:0::1", "2001:db8::1"),
    ("CNAME", "WWW.example.org", "www.example.org."),
    ("MX", "10  Mail.example.org", "10 mail.example.org."),
    ("MX", "0 .", "0 ."),
    ("SRV", "0 1 0465 mail.example.org", "0 1 465 mail.example.org."),
    ("CAA", "0 ISSUE ca.example.net", '0 issue "ca.example.net"'),
    ("CAA", '0 issue ""', '0 issue ""'),
    ("TLSA", "3 1 1 " + "AB " * 32, "3 1 1 " + "ab" * 32),
    ("TXT", ["a", "b"], '"ab"'),
    ("HTTPS", '1 . alpn="h2;h3"', '1 . alpn="h2;h3"'),
]

BAD = [
    ("A", "2001:db8::1", "type AAAA"),
    ("AAAA", "192.0.2.1", "type A"),
    ("A", "mail.example.org", "no IPv4 or IPv6"),
    ("MX", "mail.example.org", "preference and a host name"),
    ("MX", "70000 mail.example.org", "from 0 to 65535"),
    ("MX", "10 mail", "single label"),
    ("SRV", "0 1 mail.example.org", "priority, weight, port"),
    ("CAA", "issue ca.example.net", "flags, tag"),
    ("CAA", '256 issue "ca.example.net"', "flags, tag"),
    ("TLSA", "3 1 1 abcd", "TLSA value"),
    ("TLSA", "4 1 1 " + "ab" * 32, "TLSA value"),
    ("SSHFP", "1 2 ab\n$INCLUDE /etc/shadow", "line break"),
    ("SSHFP", "1 2 ab ; comment", "semicolon"),
    ("NAPTR", '1 1 "u', "open quotation mark"),
    ("A", "", "empty"),
]


@pytest.mark.parametrize(("rtype", "value", "expected"), GOOD)
def test_record_value(rtype: str, value: object, expected: str) -> None:
    assert values.record_value(rtype, value, "extra[0]") == expected


@pytest.mark.parametrize(("rtype", "value", "message"), BAD)
def test_record_value_refuses(rtype: str, value: str, message: str) -> None:
    with pytest.raises(DnsDataError, match=message) as error:
        values.record_value(rtype, value, "extra[0]")
    assert "extra[0]" in str(error.value)


def test_record_type_is_written_in_capitals() -> None:
    assert values.record_type(" txt ", "extra[0]") == "TXT"


@pytest.mark.parametrize("rtype", ["SOA", "RRSIG", "", "A B"])
def test_record_type_refuses(rtype: str) -> None:
    with pytest.raises(DnsDataError):
        values.record_type(rtype, "extra[0]")


@pytest.mark.parametrize(
    ("rtype", "value", "expected"),
    [
        ("MX", "10 a.example.org.", "a.example.org."),
        ("SRV", "0 0 0 .", None),
        ("NS", "a.example.org.", "a.example.org."),
        ("A", "192.0.2.1", None),
    ],
)
def test_target_name(rtype: str, value: str, expected: str | None) -> None:
    assert values.target_name(rtype, value) == expected
