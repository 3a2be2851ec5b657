"""Logs in by IMAP and stays until the server ends the session; fails if it does not."""

from __future__ import annotations

import contextlib
import imaplib
import ssl
import sys

context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
session = imaplib.IMAP4_SSL("127.0.0.1", 993, ssl_context=context, timeout=300)
session.login(sys.argv[1], sys.argv[2])
with contextlib.suppress(ConnectionResetError):
    while session.readline():
        pass
