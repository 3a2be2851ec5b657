"""Listeners, logins and limits."""

from __future__ import annotations

import contextlib
import imaplib
import re
import smtplib
import socket
import time
import urllib.request

import pytest
from client import DOMAIN, PASSWORD
from host_client import trusting_context


def test_the_further_listener_serves_imap_over_tls(server):
    session = server.imap("alice", port=1993)
    assert b"Ready for the test" in session.welcome
    session.logout()


def test_the_listener_behind_a_proxy_believes_its_header(server):
    with socket.create_connection((server.address, 1143), timeout=20) as connection:
        connection.sendall(f"PROXY TCP4 192.0.2.7 {server.address} 4242 143\r\n".encode())
        assert b"Ready for the test" in connection.recv(1000)
        connection.sendall(b"a LOGOUT\r\n")
        while connection.recv(1000):
            pass
    assert "rip=192.0.2.7" in server.host.check_output("journalctl -u dovecot -n 50 -o cat")


def test_a_login_without_tls_is_refused(server):
    session = imaplib.IMAP4(server.address, 143, timeout=20)
    with pytest.raises(imaplib.IMAP4.error, match="PRIVACYREQUIRED"):
        session.login(f"alice@{DOMAIN}", PASSWORD)
    session.shutdown()


def test_one_user_has_no_more_connections_than_the_limit(server):
    with contextlib.ExitStack() as sessions:
        for _attempt in range(4):
            sessions.enter_context(server.imap("dave"))
        with pytest.raises(imaplib.IMAP4.error, match="(?i)maximum number of connections"):
            server.imap("dave")


def test_a_master_user_reads_the_mail_of_another(server, mark):
    server.send("alice", mark)
    server.find("alice", "INBOX", "SUBJECT", mark)
    session = server.imap(f"alice@{DOMAIN}*warden", "Master-Key-7")
    session.select("INBOX", readonly=True)
    assert session.search(None, "SUBJECT", mark)[1][0].split()
    session.logout()


def test_a_master_user_has_no_other_password(server):
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        server.imap(f"alice@{DOMAIN}*warden", PASSWORD)


def test_an_idle_session_sleeps_and_wakes_up(server, mark):
    session = server.imap("bob")
    session.select("INBOX")
    session.send(b"a1 IDLE\r\n")
    assert session.readline().startswith(b"+")
    for _attempt in range(40):
        processes = server.host.check_output("ps -eo args").splitlines()
        if "dovecot/imap-hibernate" in processes and "dovecot/imap" not in processes:
            break
        time.sleep(0.3)
    else:
        pytest.fail(f"nothing hibernates: {processes}")
    server.send("bob", mark)
    # Dovecot says now and then that it is still here.
    assert b"EXISTS" in next(line for line in iter(session.readline, b"") if b"Still here" not in line)
    session.send(b"DONE\r\n")
    session.shutdown()


def test_submission_passes_mail_on(server, mark):
    with smtplib.SMTP(server.address, 1587, local_hostname="client.friend.example", timeout=20) as session:
        session.starttls(context=trusting_context())
        session.login(f"alice@{DOMAIN}", PASSWORD)
        session.sendmail(f"alice@{DOMAIN}", [f"bob@{DOMAIN}"], f"Subject: {mark}\n\nhello\n")
    server.find("bob", "INBOX", "SUBJECT", mark)


def test_pop3_names_a_message_by_the_configured_format_and_always_the_same(server, mark):
    server.send("dave", mark)
    server.find("dave", "INBOX", "SUBJECT", mark)[0].logout()
    lists = []
    for _attempt in range(2):
        session = server.pop3("dave")
        lists.append(session.uidl()[1])
        session.quit()
    assert lists[0] == lists[1]
    imap = server.imap("dave")
    validity = int(re.search(rb"UIDVALIDITY (\d+)", imap.status("INBOX", "(UIDVALIDITY)")[1][0]).group(1))
    imap.select("INBOX")
    uids = [int(uid) for uid in imap.uid("SEARCH", "ALL")[1][0].split()]
    imap.logout()
    assert [line.split()[1].decode() for line in lists[0]] == [f"{uid:08x}{validity:08x}" for uid in uids]


def test_metrics_are_served_as_openmetrics(server):
    server.imap("alice").logout()
    with urllib.request.urlopen(f"http://{server.address}:9900/metrics", timeout=20) as answer:
        text = answer.read().decode()
    assert re.search(r'^dovecot_imap_command_total\{.*cmd_name="LOGOUT".*\} [1-9]', text, re.MULTILINE)
    assert text.rstrip().endswith("# EOF")
