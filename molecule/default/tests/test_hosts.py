"""What the servers look like from inside, and what their resolvers answer to others."""

from __future__ import annotations

import dns.resolver
import dns.reversename
import pytest

DOMAINS = ("example.org", "example.net")


@pytest.fixture
def address(host):
    return host.backend.host.name


@pytest.fixture
def ask(address):
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [address]

    def texts(name: str, kind: str) -> list[str]:
        return sorted(answer.to_text() for answer in resolver.resolve(name, kind))

    return texts


@pytest.mark.parametrize("domain", DOMAINS)
def test_both_zones_are_served_with_mx_and_addresses(ask, domain):
    number = {"example.org": 111, "example.net": 112}[domain]
    assert ask(domain, "MX") == [f"10 mail.{domain}."]
    assert ask(f"mail.{domain}", "A") == [f"10.203.17.{number}"]
    assert ask(f"mail.{domain}", "AAAA") == [f"fd00:203:17::{number}"]
    assert ask(domain, "TXT") == ['"v=spf1 mx -all"']
    assert ask(f"_submissions._tcp.{domain}", "SRV") == [f"0 1 465 mail.{domain}."]


def test_addresses_lead_back_to_the_host_names(ask):
    assert ask(dns.reversename.from_address("10.203.17.111").to_text(), "PTR") == ["mail.example.org."]
    assert ask(dns.reversename.from_address("fd00:203:17::112").to_text(), "PTR") == ["mail.example.net."]


def test_the_host_asks_its_own_resolver(host):
    assert "nameserver 127.0.0.1" in host.file("/etc/resolv.conf").content_string
    assert "10.203.17.112" in host.check_output("getent ahostsv4 mail.example.net")


def test_unbound_is_controlled_with_keys(host):
    assert "is running" in host.check_output("unbound-control status")
    assert "control-use-cert: yes" in host.file("/etc/unbound/unbound.conf.d/postmaster-mail.conf").content_string
    assert host.file("/etc/unbound/unbound_control.key").mode & 0o007 == 0


def test_other_names_are_asked_of_the_forwarder(host):
    assert "10.203.17.1" in host.check_output("unbound-control list_forwards")


@pytest.mark.parametrize("service", ["unbound", "postfix", "dovecot"])
def test_services_run_and_start_at_boot(host, service):
    assert host.service(service).is_running
    assert host.service(service).is_enabled


@pytest.mark.parametrize("port", [25, 110, 143, 465, 587, 993, 995])
def test_ports_are_open_in_both_families(host, port):
    assert host.socket(f"tcp://0.0.0.0:{port}").is_listening
    assert host.socket(f"tcp://:::{port}").is_listening


def test_no_other_mail_server_is_left(host):
    assert not host.package("exim4-daemon-light").is_installed
    assert "postfix" in host.check_output("readlink -f /usr/sbin/sendmail; dpkg -S /usr/sbin/sendmail")


@pytest.mark.parametrize(
    ("socket", "mode"),
    [("/var/spool/postfix/private/auth", 0o660), ("/var/spool/postfix/private/dovecot-lmtp", 0o600)],
)
def test_sockets_belong_to_postfix_alone(host, socket, mode):
    file = host.file(socket)
    assert file.is_socket
    assert (file.user, file.group, file.mode) == ("postfix", "postfix", mode)


@pytest.mark.parametrize(
    ("path", "owner", "group", "mode"),
    [
        ("/etc/dovecot/users", "root", "dovecot", 0o640),
        ("/etc/postfix/main.cf", "root", "root", 0o644),
        ("/etc/postfix/master.cf", "root", "root", 0o644),
        ("/var/vmail", "vmail", "vmail", 0o700),
    ],
)
def test_files_are_not_open_to_others(host, path, owner, group, mode):
    file = host.file(path)
    assert (file.user, file.group, file.mode) == (owner, group, mode)


def test_the_private_key_is_readable_by_root_alone(host):
    link = host.file(f"/etc/postmaster/tls/{host.check_output('postconf -h myhostname')}/privkey.pem")
    file = host.file(link.linked_to)
    assert (file.user, file.mode) == ("root", 0o600)


@pytest.mark.parametrize("command", ["postfix check", "postconf -n", "doveconf -n -x"])
def test_the_tools_have_nothing_to_complain_about(host, command):
    result = host.run(command)
    assert result.rc == 0
    assert result.stderr == ""


def test_no_password_is_stored_in_clear(host):
    users = host.file("/etc/dovecot/users").content_string
    assert "Correct-Horse-1" not in users
    assert all("{" in line for line in users.splitlines() if line and not line.startswith("#"))


def test_the_log_is_free_of_errors_since_all_services_run(host):
    start = host.check_output("systemctl show --property ActiveEnterTimestamp --value dovecot")
    assert start
    log = host.check_output(
        f"journalctl --no-pager --since '{start}' -p err -u 'postfix*' -u dovecot -u unbound -o cat"
    )
    assert "-- No entries --" in log or not log.strip()
