"""A host whose webmail was taken away."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("port", [80, 443])
def test_nothing_answers_for_browsers(host, port):
    assert not host.socket(f"tcp://0.0.0.0:{port}").is_listening
    assert not host.socket(f"tcp://:::{port}").is_listening


@pytest.mark.parametrize("service", ["nginx", "apache2"])
def test_what_served_ended(host, service):
    assert not host.service(service).is_running
    assert not host.service(service).is_enabled


def test_no_file_is_left_that_served(host):
    found = host.check_output(
        "find /etc/php /etc/nginx /etc/apache2 /etc/systemd/system /etc/tmpfiles.d /usr/local/lib /run/php "
        "-name 'postmaster-mail.*' -o -name '*postmaster-mail.conf' -o -name '*postmaster-mail-webmail*'"
    )
    assert found == ""
    assert host.run("systemctl is-active postmaster-mail-webmail-gc.timer").stdout.strip() == "inactive"


def test_what_people_had_is_kept(host):
    assert host.file("/etc/postmaster/webmail/secrets/des_key").exists


def test_mail_goes_on(host):
    for port in (25, 465, 993):
        assert host.socket(f"tcp://0.0.0.0:{port}").is_listening
