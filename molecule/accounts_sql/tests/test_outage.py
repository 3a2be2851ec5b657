"""What happens while the database is down, and after it is back."""

from __future__ import annotations

import imaplib
import smtplib
import time

import pytest
from server import UNITS


@pytest.fixture(scope="module")
def outage(server):
    """The database down; what is done in these tests happens in their order."""
    unit = UNITS.get(server.driver)
    if unit is None:
        yield None
        return
    # The unit of Debian's PostgreSQL does not wait for those of its clusters.
    server.host.check_output(f"systemctl stop '{unit}@*' {unit}")
    yield unit
    server.host.check_output(f"systemctl start {unit}")


def test_mail_waits_and_logins_fail_closed(server, outage, mark):
    if outage is None:
        return
    code, text = server.offer("alice@example.org")
    assert 400 <= code < 500, text
    code, text = server.offer("nobody@example.net")
    assert 400 <= code < 500, text
    with pytest.raises(imaplib.IMAP4.error, match="UNAVAILABLE|Temporary"):
        server.imap("alice@example.org")
    with pytest.raises(smtplib.SMTPAuthenticationError, match="45"):
        server.submit("alice@example.org", "alice@example.org", "dave@example.org", mark)
    server.host.check_output(f"printf 'Subject: {mark}\\n\\nHello\\n' | sendmail -f '' alice@example.org")
    time.sleep(2)
    server.host.check_output(f"systemctl start {outage}")
    for _attempt in range(60):
        if server.offer("alice@example.org")[0] == 250:
            break
        time.sleep(0.5)
    server.host.check_output("postqueue -f")
    server.wait_for("alice@example.org", mark)
    assert "status=bounced" not in server.host.check_output("journalctl -u 'postfix*' -n 200 -o cat")
    server.send("alice@example.org", f"{mark}b")
    server.wait_for("alice@example.org", f"{mark}b")
