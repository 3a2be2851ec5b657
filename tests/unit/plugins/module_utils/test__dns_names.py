from __future__ import annotations

import ipaddress

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _dns_names as names

FQDN = [
    ("Example.ORG", "example.org."),
    ("example.org.", "example.org."),
    ("  example.org ", "example.org."),
    ("test.", "test."),
    ("_dmarc.example.org", "_dmarc.example.org."),
    ("*.example.org", "*.example.org."),
    ("bücher.example", "xn--bcher-kva.example."),
    ("BÜCHER.example", "xn--bcher-kva.example."),
    ("xn--bcher-kva.example", "xn--bcher-kva.example."),
    ("例え。テスト", "xn--r8jz45g.xn--zckzah."),
]

NO_FQDN = [
    ("", "is empty"),
    (".", "is empty"),
    ("mail", "single label"),
    ("a..example.org", "empty label"),
    ("-a.example.org", "must not have"),
    ("a b.example.org", "must not have"),
    ("mail.*.example.org", "must not have"),
    ("straße.example", "IDNA 2003 and IDNA 2008 disagree"),
    ("ςigma.example", "IDNA 2003 and IDNA 2008 disagree"),
    ("☃.example", "not allowed"),
    ("a" * 64 + ".example", "the DNS allows 63"),
    (".".join(["a" * 60] * 5), "the DNS allows 253"),
]

TXT = [
    ("v=spf1 -all", '"v=spf1 -all"'),
    ("", '""'),
    ('say "hi"', '"say \\"hi\\""'),
    ("back\\slash", '"back\\\\slash"'),
    ("tab\tü", '"tab\\009\\195\\188"'),
    ('"one" "two"', '"onetwo"'),
    ('"v=DKIM1;\\032p=A\\"B"', '"v=DKIM1; p=A\\"B"'),
    ('"\\\\200"', '"\\\\200"'),
    (["one ", "two"], '"one two"'),
    ("a" * 255, '"' + "a" * 255 + '"'),
    ("a" * 256, '"' + "a" * 255 + '" "a"'),
    ('"' + "a" * 300 + '"', '"' + "a" * 255 + '" "' + "a" * 45 + '"'),
]


@pytest.mark.parametrize(("given", "expected"), FQDN)
def test_to_fqdn(given: str, expected: str) -> None:
    assert names.to_fqdn(given, "name") == expected


@pytest.mark.parametrize(("given", "message"), NO_FQDN)
def test_to_fqdn_refuses(given: str, message: str) -> None:
    with pytest.raises(names.DnsDataError, match=message):
        names.to_fqdn(given, "name")


@pytest.mark.parametrize("given", ["a_b.example.org", "*.example.org", "192.0.2.1"])
def test_to_host_fqdn_refuses(given: str) -> None:
    with pytest.raises(names.DnsDataError):
        names.to_host_fqdn(given, "hostname")


@pytest.mark.parametrize(("given", "expected"), TXT)
def test_quote_txt(given: str | list[str], expected: str) -> None:
    assert names.quote_txt(given) == expected


@pytest.mark.parametrize(("_given", "quoted"), TXT)
def test_quote_txt_of_its_own_output_changes_nothing(_given: str, quoted: str) -> None:
    assert names.quote_txt(quoted) == quoted


def test_quote_txt_refuses_what_is_no_byte() -> None:
    with pytest.raises(names.DnsDataError, match=r"\\999 is no byte"):
        names.quote_txt('"\\999"')


@pytest.mark.parametrize(
    ("value", "expected"),
    [('"v=DKIM1; " "p=A"', "v=DKIM1; p=A"), ("plain", "plain"), ('"\\195\\188"', "ü")],
)
def test_unquote_txt(value: str, expected: str) -> None:
    assert names.unquote_txt(value) == expected


@pytest.mark.parametrize(
    ("text", "name", "zone"),
    [
        ("192.0.2.25", "25.2.0.192.in-addr.arpa.", "2.0.192.in-addr.arpa."),
        (
            "2001:db8:1:2::25",
            "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
            "2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
        ),
    ],
)
def test_reverse(text: str, name: str, zone: str) -> None:
    address = ipaddress.ip_address(text)
    assert (names.reverse_name(address), names.reverse_zone(address)) == (name, zone)


def test_to_address_refuses_names() -> None:
    with pytest.raises(names.DnsDataError, match="no IPv4 or IPv6 address"):
        names.to_address("mail.example.org", "addresses")


@pytest.mark.parametrize(
    ("name", "zone", "expected"),
    [
        ("example.org.", "example.org.", True),
        ("a.example.org.", "example.org.", True),
        ("anexample.org.", "example.org.", False),
    ],
)
def test_is_within(name: str, zone: str, expected: bool) -> None:
    assert names.is_within(name, zone) is expected
