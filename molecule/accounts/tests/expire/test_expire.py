"""A passwd-file with an account whose day comes."""

from __future__ import annotations


def test_the_timer_runs_and_starts_at_boot(server):
    timer = server.host.service("postmaster-mail-expire.timer")
    assert timer.is_running
    assert timer.is_enabled


def test_logins_end_by_themselves_when_the_day_comes(server, mark):
    grace = "grace@xn--bcher-kva.example"
    session = server.imap(grace)
    server.host.check_output("sed -i '/^grace@/s/expires=2999-12-31/expires=2026-01-01/' /etc/dovecot/users")
    server.host.check_output("systemctl start postmaster-mail-expire.service")
    server.has_ended(session)
    server.refuses_imap(grace)
    server.send(grace, mark)
    server.has_file(grace, mark)
    assert server.host.file("/etc/dovecot/users").mode == 0o640
