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
    code, text = server.answer_to("alice@example.org")
    assert 400 <= code < 500, text
    code, text = server.answer_to("nobody@example.net")
    assert 400 <= code < 500, text
    # Dovecot says so at once when PostgreSQL is down; for MariaDB it first waits a minute, whether it comes back.
    # The auth process of Dovecot 2.3.19 may crash when PostgreSQL does not answer, and is started again.
    with pytest.raises(imaplib.IMAP4.error, match="UNAVAILABLE|Temporary|Auth process broken"):
        server.imap("alice@example.org", timeout=120)
    # Postfix waits for Dovecot no longer than 20 seconds. Dovecot 2.4 needs a connection to put values into a query:
    # without one it says that the second mechanism a client tries failed for good.
    with pytest.raises((smtplib.SMTPException, TimeoutError), match="454|535"):
        server.submit("alice@example.org", "dave@example.org", mark, timeout=60)
    server.host.check_output(f"printf 'Subject: {mark}\\n\\nHello\\n' | sendmail -f '' alice@example.org")
    time.sleep(2)
    server.host.check_output(f"systemctl start {outage}")
    server.gets_what_waited("alice@example.org", mark)
