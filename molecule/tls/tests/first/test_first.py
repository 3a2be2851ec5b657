"""A certificate that the host makes, renewed while mail flows."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from server import FOLDER, NAME, PORTS, UNIT, WEB_PORTS


@pytest.mark.parametrize("port", PORTS)
def test_every_port_serves_the_first_certificate(server, port):
    assert server.served(port) == server.leaf()


def test_files_are_for_whom_they_should_be(server):
    for name, mode in (("privkey", 0o600), ("combined", 0o600), ("fullchain", 0o644)):
        file = server.host.file(f"{FOLDER}/{NAME}/{name}.pem")
        assert file.is_symlink
        assert int(server.host.check_output(f"stat -Lc %a {file.path}"), 8) == mode
    assert server.host.file(f"{FOLDER}/sources").mode == 0o700


def test_the_timer_waits(server):
    timer = server.host.service(f"{UNIT}.timer")
    assert timer.is_running
    assert timer.is_enabled


def test_a_run_before_the_time_changes_nothing(server):
    before = server.leaf()
    assert server.run_unit().rc == 0, server.said()
    assert f"{NAME}: unchanged" in server.said()
    assert server.leaf() == before


def test_the_unit_renews_and_every_port_serves_the_new_one(server):
    before, key = server.leaf(), server.host.check_output(f"sha256sum {FOLDER}/{NAME}/privkey.pem")
    assert server.renew().rc == 0, server.said()
    after = server.leaf()
    assert after != before
    # Records of TLSA name the key.
    assert server.host.check_output(f"sha256sum {FOLDER}/{NAME}/privkey.pem") == key
    for port in PORTS:
        assert server.served(port) == after, port
        assert f"port {port} of 127.0.0.1 for {NAME}" in server.said()
    assert "127.0.0.1 for imap.example.org" in server.said()


def test_renewals_lose_no_mail_and_end_no_session(server, mark):
    mailbox, letter = server.imap("bob@example.org"), server.submission("alice@example.org")
    letter.mail("alice@example.org")
    letter.rcpt("bob@example.org")
    sent, stop = [], threading.Event()

    def send():
        while not stop.is_set():
            subject = f"{mark}-{len(sent)}"
            with server.submission("alice@example.org") as session:
                session.sendmail("alice@example.org", ["bob@example.org"], f"Subject: {subject}\n\n")
            sent.append(subject)

    with ThreadPoolExecutor(1) as pool:
        sender = pool.submit(send)
        try:
            for _renewal in range(3):
                before, number = server.leaf(), len(sent)
                assert server.renew().rc == 0, server.said()
                assert server.leaf() != before
                while not sender.done() and len(sent) < number + 2:
                    time.sleep(0.1)
        finally:
            stop.set()
    # Raises what ended it early.
    sender.result()
    assert letter.data(f"Subject: {mark}-first\n\n")[0] == 250
    letter.quit()
    wanted = {*sent, f"{mark}-first"}
    for _attempt in range(200):
        mailbox.noop()
        mailbox.select("INBOX", readonly=True)
        numbers = mailbox.search(None, "SUBJECT", mark)[1][0].split()
        if len(numbers) >= len(wanted):
            break
        time.sleep(0.3)
    headers = mailbox.fetch(b",".join(numbers), "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
    found = [part[1].decode().partition(":")[2].strip() for part in headers if isinstance(part, tuple)]
    assert sorted(found) == sorted(wanted)
    mailbox.logout()


def test_a_daemon_that_is_not_reloaded_fails_the_unit_until_it_is(server):
    old = server.leaf()
    server.set("proof_timeout", 2)
    server.host.check_output(f"chmod -x {FOLDER}/hooks.d/50-dovecot")
    assert server.renew().rc != 0
    assert server.host.run(f"systemctl is-failed {UNIT}.service").rc == 0
    said = server.said()
    for port in PORTS:
        named = f"port {port} of 127.0.0.1 for {NAME}: serves serial" in said
        assert named is (server.served(port) == old) is (port not in (25, 465, 587, *WEB_PORTS)), (port, said)
    server.host.check_output(f"chmod +x {FOLDER}/hooks.d/50-dovecot")
    server.set("proof_timeout", 20)
    # What was not proven is proven by the next run.
    assert server.run_unit().rc == 0, server.said()
    assert f"{NAME}: installed" in server.said()
    assert {port for port in PORTS if server.served(port) != server.leaf()} == set()


def test_a_hook_that_fails_is_named(server):
    hook = f"{FOLDER}/hooks.d/60-broken"
    server.host.check_output(f"printf '#!/bin/sh\\necho the reason >&2\\nexit 3\\n' > {hook} && chmod +x {hook}")
    assert server.renew().rc != 0
    assert f"hook {hook} failed (3): the reason" in server.said()
    server.host.check_output(f"rm {hook}")
    assert server.run_unit().rc == 0, server.said()


def test_a_configuration_that_dovecot_refuses_ends_no_service(server):
    """The hook checks before it reloads; what runs goes on with the certificate it has."""
    server.set("proof_timeout", 2)
    # It reads its files again at the first session after a reload, which the test before this one did.
    reader = server.host.run("pgrep -o -P $(pgrep -o -x dovecot) -x config").stdout
    server.host.check_output("doveadm reload")
    for _attempt in range(100):
        server.imap("bob@example.org").logout()
        if server.host.run("pgrep -P $(pgrep -o -x dovecot) -x config").stdout not in ("", reader):
            break
        time.sleep(0.2)
    server.host.check_output(
        "cp -p /etc/dovecot/dovecot.conf /root/dovecot.conf && echo nonsense >> /etc/dovecot/dovecot.conf"
    )
    assert server.renew().rc != 0
    assert "hooks.d/50-dovecot failed" in server.said()
    server.imap("bob@example.org").logout()
    server.host.check_output("cp -p /root/dovecot.conf /etc/dovecot/dovecot.conf")
    server.set("proof_timeout", 20)
    assert server.run_unit().rc == 0, server.said()
