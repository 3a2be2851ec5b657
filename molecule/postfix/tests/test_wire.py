"""What leaves the server, octet by octet, whatever was handed to it."""

from __future__ import annotations

import re

# Takes one message as the server that mail for sink.example goes to, after a program of the host has handed it in.
SINK = """
import socket, subprocess, sys
listener = socket.create_server(("127.0.0.1", 10030))
listener.settimeout(60)
handed_in = bytes.fromhex(sys.argv[2])
subprocess.run(["sendmail", "-i", "-f", sys.argv[1], "friend@sink.example"], input=handed_in, check=True)
connection = listener.accept()[0]
connection.settimeout(60)
stream = connection.makefile("rb")
connection.sendall(b"220 sink.example ESMTP\\r\\n")
for line in stream:
    if line.upper().startswith(b"DATA"):
        connection.sendall(b"354 go on\\r\\n")
        message = b""
        while not message.endswith(b"\\r\\n.\\r\\n"):
            message += stream.read(1)
        print(message.hex())
    connection.sendall(b"250 sink.example\\r\\n")
    if line.upper().startswith(b"QUIT"):
        break
"""


def test_no_line_ends_otherwise_than_the_standard_says(server, mark):
    handed_in = f"Subject: {mark}\n\none\r\ntwo\rthree\n.\nfour\n\r.\r\nMAIL FROM:<>\r.\nfive\r\n".encode()
    sent = bytes.fromhex(server.host.check_output("python3 -c %s %s %s", SINK, f"bob@{server.domain}", handed_in.hex()))
    assert f"Subject: {mark}\r\n".encode() in sent
    for word in (b"one", b"two", b"three", b"four", b"five"):
        assert word in sent
    assert re.findall(rb"[^\r]\n|\r[^\n]", sent) == []
    assert sent.count(b"\r\n.\r\n") == 1
    # A line with a dot alone does not end the message.
    assert b"\r\n..\r\n" in sent
