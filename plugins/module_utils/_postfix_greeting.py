# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Connecting to a listener of the host and waiting for its greeting."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import time

from ansible_collections.postmaster.mail.plugins.module_utils._postfix_listeners import Listener, Reply

_REPLY = re.compile(rb"[25]\d\d[ -]")
_LONGEST_LINE = 4096


class SystemNetwork:
    """The real addresses of the host, and real connections."""

    def addresses(self, host: str) -> tuple[str, ...]:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return ()
        return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))

    def has(self, address: str) -> bool:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.bind((address, 0))
        except OSError:
            return False
        return True

    def greet(self, listener: Listener, timeout: float) -> Reply:
        deadline = time.monotonic() + timeout
        try:
            connection = socket.create_connection((listener.address, listener.port), timeout=timeout)
        except OSError:
            return "refused"
        with connection:
            if listener.greeting == "any":
                return "answered"
            try:
                if listener.greeting != "smtp-tls":
                    return _greeting(connection, deadline, listener)
                with _context().wrap_socket(connection) as wrapped:
                    return _greeting(wrapped, deadline, listener)
            except OSError:
                return "silent"


def _greeting(connection: socket.socket, deadline: float, listener: Listener) -> Reply:
    line = b""
    while b"\n" not in line and len(line) < _LONGEST_LINE:
        connection.settimeout(max(0.1, deadline - time.monotonic()))
        part = connection.recv(512)
        if not part:
            return "silent"
        line += part
    # Who refuses clients for good does so on purpose. Who tells them to come later lacks something it needs.
    if not _REPLY.match(line):
        return "silent"
    if listener.greeting != "postscreen":
        # postscreen would take it for a client that talks too early. Others have greeted, even if they hang up now.
        with contextlib.suppress(OSError):
            connection.sendall(b"QUIT\r\n")
    return "answered"


def _context() -> ssl.SSLContext:
    # Which versions, ciphers and certificates are good enough is not judged here, only whether there is an answer.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context
