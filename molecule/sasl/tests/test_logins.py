"""Who gets in, by which mechanisms, and what is on the host."""

from __future__ import annotations

import smtplib

import pytest
from server import COURIER, COURIER_DROP_IN, DOVECOT, MUX, PASSWORD, TRACES, USER, WITH_COURIER

# Connects, and where it gets that far asks for a password check of saslauthd.
STRANGER = """
import socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
"""


@pytest.mark.parametrize("port", [587, 465])
def test_the_right_password_may_send(server, port):
    with server.connect(port) as session:
        session.login(server.engine.login, PASSWORD)
        # Postfix knows the user with the realm, so that the sender is the user's own.
        assert session.mail(USER)[0] == 250
        assert session.rcpt("friend@example.com")[0] == 250


def test_another_domain_behind_the_name_of_a_user_of_the_system_gives_no_address_away(server):
    if "@" in server.engine.login:
        return
    with server.connect(465) as session:
        session.login(f"{server.engine.login}@example.net", PASSWORD)
        for sender in (USER, f"{server.engine.login}@example.net"):
            session.mail(sender)
            code, text = session.rcpt("friend@example.com")
            assert (code, b"not owned by user" in text) == (553, True)
            session.rset()


# No more of them: Dovecot answers later each time, and after ten seconds Postfix does not wait for it.
@pytest.mark.parametrize(
    ("port", "user", "password"), [(587, USER, f"{PASSWORD} "), (465, "mallory@example.org", PASSWORD)]
)
def test_others_are_refused(server, port, user, password):
    with server.connect(port) as session:
        # Not by login(), which tries all mechanisms, and each failure takes seconds.
        session.user, session.password = user, password
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            session.auth("PLAIN", session.auth_plain)
    assert refused.value.smtp_code == 535


@pytest.mark.parametrize("port", [587, 465])
def test_exactly_what_the_engine_can_do_is_offered_within_tls(server, port):
    with server.connect(port) as session:
        assert set(session.esmtp_features["auth"].split()) == server.engine.mechanisms


def test_nothing_is_offered_before_tls(server):
    with server.connect(587, tls=False) as session:
        assert "auth" not in session.esmtp_features
        assert session.docmd("AUTH", "PLAIN AGFsaWNlAHg=")[0] == 530


def test_saslauthd_knows_the_password(server):
    if not server.engine.place.startswith(MUX):
        return
    user, _at, realm = server.engine.login.partition("@")
    ask = f"testsaslauthd -f {server.engine.place} -s smtp -u {user} -r '{realm}' -p"
    said = server.host.check_output(f"{ask} {PASSWORD}; {ask} wrong; true").splitlines()
    assert ["Success" in line for line in said] == [True, False]
    assert "authentication failed" in said[1]


def test_no_other_user_of_the_host_can_try_passwords(server):
    place = server.engine.place
    if place.endswith("sasldb2"):
        assert server.host.run(f"runuser -u nobody -- cat {place}").rc != 0
        assert server.host.run(f"runuser -u postfix -- cat {place}").rc == 0
        return
    for user, refused in (("nobody", True), ("alice", True), ("postfix", False)):
        result = server.host.run(f"runuser -u {user} -- python3 -c '{STRANGER}' {place}")
        assert ("PermissionError" in result.stderr) is refused, result.stderr
        assert (result.rc != 0) is refused


def test_dovecots_socket_is_for_postfix_alone(server):
    if server.engine.place != DOVECOT:
        return
    assert server.host.check_output(f"stat -c '%a %U %G' {DOVECOT}") == "660 postfix postfix"


def test_nothing_of_another_engine_is_left(server):
    found = server.host.run(f"find {' '.join(sorted(TRACES))} -maxdepth 0 2>/dev/null").stdout.split()
    starts_courier = server.engine.place.startswith(COURIER) and server.host.system_info.codename != WITH_COURIER
    assert set(found) == server.engine.traces | ({COURIER_DROP_IN} if starts_courier else set())


def test_no_daemon_of_another_engine_runs(server):
    running = server.host.run("pgrep -x saslauthd").rc == 0
    assert running is server.engine.place.startswith(MUX)
    assert server.host.check_output("systemctl list-units --failed --no-legend 'saslauthd*' 'authdaemond*'") == ""


def test_couriers_daemon_runs_for_this_engine_and_where_it_ran_before(server):
    wanted = server.host.system_info.codename == WITH_COURIER or server.engine.place.startswith(COURIER)
    daemon = server.host.service("courier-authdaemon")
    assert (daemon.is_running, daemon.is_enabled) == (wanted, wanted)


def test_dovecot_slows_down_all_but_who_asks_for_everybody(server):
    command = "doveconf -h login_trusted_networks"
    trusted = "127.0.0.1" if server.engine.speaks_imap else ""
    assert server.host.check_output(command) == trusted
