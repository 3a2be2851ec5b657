"""What the web server shows, and what it does not."""

from __future__ import annotations

import pytest

HIDDEN = (
    "/installer/",
    "/installer/index.php",
    "/config/config.inc.php",
    "/config/defaults.inc.php",
    "/logs/errors.log",
    "/temp/",
    "/SQL/sqlite.initial.sql",
    "/roundcube.sqlite",
    "/.git/config",
    "/.htaccess",
    "/composer.json",
    "/vendor/autoload.php",
    "/bin/cleandb.sh",
    "/program/include/iniset.php",
    "/program/lib/Roundcube/bootstrap.php",
    "/plugins/password/password.php",
    "/plugins/managesieve/config.inc.php",
    "/plugins/postmaster_logins/postmaster_logins.php",
    "/skins/elastic/templates/login.html",
    "/skins/elastic/meta.json",
    "/index.php/config/config.inc.php",
    "/program/js/../../config/config.inc.php",
    "/program/js/%2e%2e/%2e%2e/config/config.inc.php",
    "/skins/elastic/../../../config/defaults.inc.php",
)


def test_the_first_page_is_the_login(browser):
    answer = browser().get()
    assert answer.status == 200
    assert 'id="rcmloginuser"' in answer.text


def test_the_root_leads_to_the_webmail(browser, base):
    answer = browser().ask("/")
    assert answer.status == (302 if base else 200)
    if base:
        assert answer.headers["Location"].endswith(f"{base}/")
        assert browser().ask(base).status == 301


def test_port_80_leads_to_tls(port_80, domain, base):
    port_80.request("GET", f"{base}/?_task=mail", headers={"Host": f"mail.{domain}"})
    answer = port_80.getresponse()
    assert answer.status == 301
    assert answer.headers["Location"] == f"https://mail.{domain}{base}/?_task=mail"


@pytest.mark.parametrize("path", ["/", "/skins/elastic/styles/styles.min.css", "/nothing-there"])
def test_every_answer_has_the_headers(browser, base, path):
    answer = browser().ask(f"{base}{path}")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "http" not in policy
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Server"] in ("nginx", "Apache")
    assert answer.headers["X-Powered-By"] is None


@pytest.mark.parametrize("path", HIDDEN)
def test_what_is_not_for_browsers_is_hidden(browser, base, path):
    for begin in dict.fromkeys((base, "")):
        answer = browser().ask(f"{begin}{path}")
        assert answer.status in (400, 403, 404), answer.text[:300]


@pytest.mark.parametrize(
    "path",
    ["/skins/elastic/styles/styles.min.css", "/program/js/jquery.min.js", "/skins/elastic/watermark.html"],
)
def test_what_pages_need_is_there(browser, base, path):
    assert browser().ask(f"{base}{path}").status == 200


def test_a_browser_finds_the_icon_of_the_host(browser):
    assert browser().ask("/favicon.ico").status == 200


def test_a_name_of_nobody_is_not_served(browser):
    answer = browser().ask("/", host="evil.example")
    assert answer.status == 421
    assert "rcmloginuser" not in answer.text


def test_more_than_a_message_may_have_is_refused(browser, base):
    answer = browser().ask(f"{base}/?_task=mail", body=b"", headers={"Content-Length": str(12 * 1024 * 1024)})
    assert answer.status == 413


def test_a_service_listens_for_names_in_both_families(host):
    for port in (80, 443):
        assert host.socket(f"tcp://:::{port}").is_listening
