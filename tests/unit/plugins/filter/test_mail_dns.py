from __future__ import annotations

import importlib
import typing as t

import pytest
from ansible.errors import AnsibleFilterError

_FILTERS = "ansible_collections.postmaster.mail.plugins.filter"


def load(name: str) -> t.Callable[..., t.Any]:
    filters = importlib.import_module(f"{_FILTERS}.{name}").FilterModule().filters()
    assert list(filters) == [name]
    return filters[name]


def test_from_variables_to_text() -> None:
    variables = [{"mail_domain": "example.org", "ansible_host": "8.8.8.25", "group_names": ["mail"]}]
    records = load("mail_dns_records")(load("mail_dns_hosts")(variables))
    assert records[0] == {
        "zone": "example.org.",
        "name": "mail.example.org.",
        "type": "A",
        "ttl": 3600,
        "value": "8.8.8.25",
        "why": "Where mail.example.org is reached over IPv4.",
    }
    assert load("dns_records_text")(records, "table").startswith("Zone example.org.\n")
    assert load("unbound_local_data")(records)[0] == 'local-zone: "example.org." typetransparent'


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("mail_dns_hosts", [[{"mail_domain": "example.org", "mail_services": ["smtp"]}]]),
        ("mail_dns_records", [[{}]]),
        ("dns_records_text", [[{}]]),
        ("dns_records_text", [[], "yaml"]),
        ("unbound_local_data", [[], "nodefault"]),
    ],
)
def test_errors_carry_the_name_of_the_filter(name: str, arguments: list[t.Any]) -> None:
    with pytest.raises(AnsibleFilterError, match=f"^{name}: "):
        load(name)(*arguments)
