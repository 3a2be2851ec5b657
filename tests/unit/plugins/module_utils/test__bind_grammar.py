from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _bind_grammar as grammar
from ansible_collections.postmaster.mail.plugins.module_utils._bind_grammar import BindDataError


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ({}, []),
        ({"recursion": True}, ["recursion yes;"]),
        ({"recursion": False, "version": None}, ["recursion no;"]),
        ({"max-cache-size": 100}, ["max-cache-size 100;"]),
        ({"directory": '"/var/cache/bind"'}, ['directory "/var/cache/bind";']),
        ({"listen-on port 53": ["any"]}, ["listen-on port 53 { any; };"]),
        ({"allow-transfer": []}, ["allow-transfer { };"]),
        ({"minimal-any": ""}, ["minimal-any;"]),
        ({"rate-limit": {"window": 5, "slip": 2}}, ["rate-limit {", "    window 5;", "    slip 2;", "};"]),
        (
            {"logging": {'channel "x"': {"stderr": ""}, "category default": ['"x"']}},
            ["logging {", '    channel "x" {', "        stderr;", "    };", '    category default { "x"; };', "};"],
        ),
        (
            {"deny-answer-addresses": '{ 10.0.0.0/8; } except-from { "lan.example"; }'},
            ['deny-answer-addresses { 10.0.0.0/8; } except-from { "lan.example"; };'],
        ),
    ],
)
def test_statements(data: dict[str, t.Any], lines: list[str]) -> None:
    assert grammar.statements(data, "options") == lines


@pytest.mark.parametrize(
    "data",
    [
        {"version": "none; recursion yes"},
        {"version": "none\n"},
        {"version": '"open'},
        {"version": "}; zone x {"},
        {"version": "{ open"},
        {"version": "none // really"},
        {"version": "none # really"},
        {"allow-query": ["any; none"]},
        {"version": 1.5},
        {"Version": "none"},
        {"version none; x": "y"},
        {"rate-limit": {"window": "5; }; x {"}},
    ],
)
def test_what_would_leave_its_statement_is_refused(data: dict[str, t.Any]) -> None:
    with pytest.raises(BindDataError, match="^options: "):
        grammar.statements(data, "options")


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("any", "any"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("!192.0.2.0/24", "!192.0.2.0/24"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("key transfer", 'key "transfer"'),
        ("! key transfer", '!key "transfer"'),
        ("inside", '"inside"'),
    ],
)
def test_elements_of_match_lists(given: str, written: str) -> None:
    assert grammar.match_element(given, "acls") == written


@pytest.mark.parametrize("given", ["192.0.2.1/24", "192.0.2.256", "key a b", "in;side", "", "2001:db8::g"])
def test_what_is_no_element_is_refused(given: str) -> None:
    with pytest.raises(BindDataError, match="^acls: "):
        grammar.match_element(given, "acls")


@pytest.mark.parametrize("text", ['a"b', "a\nb", "a\\b"])
def test_strings_that_need_an_escape_are_refused(text: str) -> None:
    with pytest.raises(BindDataError, match="quotation mark"):
        grammar.quote(text, "file")


@pytest.mark.parametrize("port", [0, 65536, "x", "", "٣"])
def test_ports(port: object) -> None:
    assert grammar.check_port("53", "listen") == 53
    with pytest.raises(BindDataError, match="no port"):
        grammar.check_port(port, "listen")
