"""What the webmail is made of, on the host."""

from __future__ import annotations

import pytest

DATA = "/var/lib/postmaster-mail/webmail"


@pytest.mark.parametrize(
    ("path", "owner", "group", "mode"),
    [
        ("/etc/postmaster/webmail", "root", "www-data", 0o750),
        ("/etc/postmaster/webmail/config.inc.php", "root", "www-data", 0o640),
        ("/etc/postmaster/webmail/secrets", "root", "root", 0o700),
        ("/etc/postmaster/webmail/secrets/des_key", "root", "root", 0o600),
        ("/etc/postmaster/webmail/secrets/database", "root", "root", 0o600),
        (f"{DATA}/temp", "www-data", "www-data", 0o700),
    ],
)
def test_files_are_for_whom_they_should_be(host, path, owner, group, mode):
    file = host.file(path)
    assert (file.user, file.group, file.mode) == (owner, group, mode)


def test_the_database_in_a_file_is_for_php_alone(host):
    settings = host.file("/etc/postmaster/webmail/config.inc.php").content_string
    if "sqlite:" in settings:
        file = host.file(f"{DATA}/roundcube.sqlite")
        assert (file.user, file.mode) == ("www-data", 0o600)


def test_the_socket_of_php_is_for_the_web_server_alone(host):
    socket = host.file("/run/php/postmaster-mail.sock")
    assert socket.is_socket
    assert (socket.user, socket.group, socket.mode) == ("www-data", "www-data", 0o660)


def test_no_secret_is_open_to_all(host):
    key = host.check_output("cat /etc/postmaster/webmail/secrets/des_key")
    found = host.run(f"find /etc /var/lib/postmaster-mail /run -xdev -perm -o=r -type f -exec grep -l {key} {{}} +")
    assert found.stdout == ""


@pytest.mark.parametrize("unit", ["postmaster-mail-webmail-gc", "postmaster-mail-webmail-cleandb"])
def test_what_cleans_up_runs(host, unit):
    assert host.service(f"{unit}.timer").is_running
    assert host.service(f"{unit}.timer").is_enabled
    assert host.run(f"systemctl start {unit}.service").rc == 0


@pytest.mark.parametrize("unit", ["roundcube-gc", "roundcube-cleandb"])
def test_what_the_package_brings_rests(host, unit):
    assert not host.service(f"{unit}.timer").is_running
    assert not host.service(f"{unit}.timer").is_enabled


def test_one_web_server_runs(host):
    assert host.service("nginx").is_running != host.service("apache2").is_running


def test_no_unit_failed(host):
    assert host.check_output("systemctl --failed --no-legend --plain") == ""


def test_roundcube_logs_no_errors(host):
    log = host.check_output("journalctl -t roundcube -o cat")
    # Roundcube has PHP log what a later PHP will not take any more.
    lines = [line for line in log.splitlines() if "PHP Deprecated" not in line]
    assert [line for line in lines if "PHP" in line or "DB Error" in line] == []
