"""Who gets in, and what is known of those who do not."""

from __future__ import annotations

import concurrent.futures
import re
import time

import pytest
from webmail import PASSWORD

COUNT = """
define("INSTALL_PATH", "/var/lib/roundcube/");
require INSTALL_PATH . "program/include/clisetup.php";
$roundcube = rcmail::get_instance();
$roundcube->config->set("postmaster_logins_cache", "db");
$roundcube->config->set("postmaster_logins_cache_ttl", "10m");
$key = "address." . bin2hex(substr(inet_pton("fd00:203:17::1"), 0, 8));
$roundcube->get_cache_shared("postmaster_logins", false)->set($key, %s);
"""


def count(host, noted):
    code = COUNT % noted
    host.check_output(f"runuser -u www-data -- env ROUNDCUBE_CONFIG_DIR=/etc/postmaster/webmail php -r '{code}'")


def journal(host):
    return host.check_output("journalctl -t roundcube -o cat")


def refusals(host):
    return journal(host).count("too many failed ones")


def test_a_person_logs_in_and_sees_the_inbox(browser, domain):
    person = browser()
    assert person.is_in(person.login(f"{'alice' if domain == 'example.org' else 'bob'}@{domain}"))


def test_the_domain_may_be_left_out(browser, domain):
    person = browser()
    assert person.is_in(person.login("alice" if domain == "example.org" else "bob"))


def test_cookies_travel_by_tls_alone_and_are_not_for_scripts(browser, base, domain):
    person = browser()
    person.login(f"carol@{domain}" if domain == "example.org" else f"erin@{domain}")
    assert person.cookie_headers
    for line in person.cookie_headers:
        assert "secure" in line.lower()
        assert "httponly" in line.lower()
        assert "samesite=lax" in line.lower()
        assert f"path={base}/" in line.lower()


def test_a_wrong_password_is_refused_and_logged_with_the_address(browser, domain, host):
    person = browser()
    user = f"mallory@{domain}"
    forged = {"X-Forwarded-For": "192.0.2.66", "X-Real-IP": "192.0.2.67"}
    answer = person.login(user, "wrong", headers=forged)
    assert not person.is_in(answer)
    line = next(line for line in journal(host).splitlines() if "ailed login" in line and user in line)
    assert "10.203.17.1" in line
    assert "192.0.2." not in line
    assert "wrong" not in line


def test_an_account_waits_after_three_wrong_passwords(browser, domain):
    user = f"heidi@{domain}"
    person = browser()
    assert person.is_in(person.login(user))
    for _attempt in range(3):
        assert browser().login(user, "wrong").status != 302
    person = browser()
    assert not person.is_in(person.login(user, PASSWORD))


def test_an_address_waits_after_many_wrong_passwords(browser, domain, host):
    # Our address of IPv6 has a count of its own, which begins near its end: each wrong password takes Dovecot longer.
    count(host, '"18 " . (time() + 600)')
    before = refusals(host)
    address = f"fd00:203:17::{host.backend.host.name.rpartition('.')[2]}"
    for number in range(2):
        person = browser(address)
        assert not person.is_in(person.login(f"nobody{number}@{domain}", "wrong"))
    assert refusals(host) == before
    person = browser(address)
    assert not person.is_in(person.login(f"vera@{domain}"))
    assert refusals(host) == before + 1
    person = browser()
    assert person.is_in(person.login(f"vera@{domain}"))


def test_an_address_does_not_wait_longer_than_it_has_to(browser, domain, host):
    count(host, '"20 " . (time() - 1)')
    person = browser(f"fd00:203:17::{host.backend.host.name.rpartition('.')[2]}")
    assert person.is_in(person.login(f"vera@{domain}"))


def test_dovecot_knows_who_guesses_and_slows_down_nobody_else(browser, domain, host):
    user = f"stranger@{domain}"
    browser().login(user, "wrong")
    log = host.check_output("journalctl -u dovecot -o cat --since -10min")
    assert [line for line in log.splitlines() if user in line and "rip=10.203.17.1," in line]


def test_what_a_person_had_in_squirrelmail_is_there(browser, domain):
    person = browser()
    assert person.is_in(person.login(f"sam@{domain}"))
    token = re.search(r'"request_token":"([^"]+)"', person.get("?_task=addressbook").text)
    answer = person.ask(
        f"{person.base}/?_task=addressbook&_action=list&_source=0&_remote=1",
        headers={"X-Roundcube-Request": token[1] if token else "", "X-Requested-With": "XMLHttpRequest"},
    )
    assert "nut" in answer.text
    assert "Sam Squirrel" in person.get("?_task=settings&_action=identities").text


def comes_true(question):
    for _attempt in range(120):
        if question():
            return
        time.sleep(0.5)
    pytest.fail(f"{question} did not come true")


def test_a_reload_of_php_cuts_off_nobody(browser, domain, host):
    service = host.check_output("systemctl list-units --plain --no-legend 'php*-fpm.service'").split()[0]
    log = f"/var/log/{service.removesuffix('.service')}.log"
    reloads = f"grep -c 'Reloading in progress' {log} || :"
    before = int(host.check_output(reloads))
    person = browser()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        host.check_output("systemctl kill --signal=STOP dovecot")
        try:
            login = pool.submit(person.login, f"paula@{domain}")
            comes_true(lambda: host.check_output("ss -Htn state established dport = :993"))
            host.check_output(f"systemctl reload {service}")
            comes_true(lambda: int(host.check_output(reloads)) > before)
        finally:
            host.check_output("systemctl kill --signal=CONT dovecot")
        assert person.is_in(login.result())
