"""A message ends where the standard says, and nobody talks ahead of the server."""

from __future__ import annotations

import pytest
from dialogue import raw, say

ENDS = {"LF . LF": "\n.\n", "CRLF . LF": "\r\n.\n", "LF . CRLF": "\n.\r\n"}


@pytest.mark.parametrize("port", [25, 2526])
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_message_that_ends_otherwise_is_refused_with_the_one_behind_it(server, address, mark, end, port):
    smuggled = f"MAIL FROM:<>\r\nRCPT TO:<alice@{server.domain}>\r\nDATA\r\nSubject: {mark}\r\n\r\nsmuggled\r\n.\r\n"
    with raw(address, port) as connection:
        assert say(connection, "EHLO client.friend.example\r\n").startswith("250")
        assert say(connection, "MAIL FROM:<>\r\n").startswith("250")
        assert say(connection, f"RCPT TO:<alice@{server.domain}>\r\n").startswith("250")
        assert say(connection, "DATA\r\n").startswith("354")
        assert say(connection, f"Subject: one\r\n\r\none{end}{smuggled}").startswith("5")
        connection.settimeout(2)
        try:
            rest = connection.recv(4096).decode()
        except TimeoutError:
            rest = ""
        assert "queued" not in rest


@pytest.mark.parametrize("port", [25, 2526])
def test_talking_ahead_is_refused(address, port):
    with raw(address, port) as connection:
        assert say(connection, "EHLO client.friend.example\r\nMAIL FROM:<>\r\n").startswith("554")


def test_what_was_said_before_tls_does_not_count(server):
    with raw(server.ipv4, 587) as connection:
        assert say(connection, "EHLO client.friend.example\r\n").startswith("250")
        assert say(connection, "STARTTLS\r\nMAIL FROM:<>\r\n").startswith(("220", "554"))
        connection.settimeout(2)
        try:
            rest = connection.recv(4096)
        except TimeoutError:
            rest = b""
        assert rest == b""
