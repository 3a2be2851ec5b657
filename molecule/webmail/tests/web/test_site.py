"""A further host name of the same installation, with a domain and a look of its own."""

from __future__ import annotations

import pytest
from webmail import Browser


@pytest.fixture
def site(host, domain, base, context):
    name = "post.xn--bcher-kva.example" if domain == "example.org" else "post.example.net"
    return Browser(host.backend.host.name, name, base, context)


def test_it_has_its_own_look(site, browser):
    first, other = browser().get().text, site.get().text
    assert "<title>Bücherpost" in other
    assert 'lang="de' in other
    assert "Bücherpost" not in first
    assert 'lang="de' not in first


def test_it_has_its_own_domain(site, domain):
    user, own = ("grace", "bücher.example") if domain == "example.org" else ("erin", "example.net")
    assert site.is_in(site.login(user))
    text = site.get("?_task=mail").text
    assert f"{user}@{own}" in text or f"{user}@{own.encode('idna').decode()}" in text


def test_port_80_leads_to_tls_of_the_same_name(port_80, site, base):
    port_80.request("GET", f"{base}/", headers={"Host": site.name})
    answer = port_80.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{site.name}{base}/")
