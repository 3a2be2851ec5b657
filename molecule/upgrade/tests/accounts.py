"""Mail of an account as its clients see it: by IMAP, POP3 and ManageSieve."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import imaplib
import poplib
import re
import socket
import ssl
import typing as t

STORE = "10.203.17.181"
SENDER = "10.203.17.182"
PASSWORD = "Correct-Horse-1"
USERS = ("alice@example.org", "bob@example.org", "carol@example.org", "dora@example.org")

_LIST = re.compile(rb'\((?P<attributes>[^)]*)\) "[^"]*" (?P<name>.+)')
_ITEMS = re.compile(rb'UID (\d+) FLAGS \(([^)]*)\) INTERNALDATE "([^"]+)" RFC822.SIZE (\d+)')
_RESOURCE = re.compile(rb"\((\w+) (\d+) (\d+)\)")
# A client's own business, and what the server says of new mail.
_TRANSIENT = {"\\Recent"}
_USES = {"\\Noselect", "\\Drafts", "\\Sent", "\\Trash", "\\Junk", "\\Archive"}


def trusting_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@contextlib.contextmanager
def imap(user: str, host: str = STORE) -> t.Iterator[imaplib.IMAP4_SSL]:
    session = imaplib.IMAP4_SSL(host, ssl_context=trusting_context(), timeout=60)
    session.login(user, PASSWORD)
    try:
        yield session
    finally:
        session.logout()


def said(answer: tuple[str, list[t.Any]]) -> list[t.Any]:
    """What an answer of imaplib holds; anything but OK is an error."""
    status, data = answer
    if status != "OK":
        raise AssertionError(f"{status}: {data}")
    return [item for item in data if item is not None]


def folders(session: imaplib.IMAP4, command: str = "list") -> dict[str, list[str]]:
    """Names as on the wire, with what each is used for."""
    found = {}
    for line in said(getattr(session, command)()):
        match = _LIST.fullmatch(line)
        assert match, line
        name = match["name"].decode().strip('"')
        found[name] = sorted(_USES.intersection(match["attributes"].decode().split()))
    return found


def selectable(session: imaplib.IMAP4) -> list[str]:
    """Names of the folders that can hold messages."""
    return [name for name, attributes in folders(session).items() if "\\Noselect" not in attributes]


def messages(session: imaplib.IMAP4, folder: str) -> dict[str, t.Any]:
    """A folder, with its messages by UID."""
    number = int(said(session.select(f'"{folder}"', readonly=True))[0])
    validity = int(session.response("UIDVALIDITY")[1][0])
    found: dict[str, dict[str, t.Any]] = {}
    if number:
        for line in said(session.uid("FETCH", "1:*", "(UID FLAGS INTERNALDATE RFC822.SIZE)")):
            match = _ITEMS.search(line)
            assert match, line
            uid, flags, date, size = (part.decode() for part in match.groups())
            kept = sorted(set(flags.split()) - _TRANSIENT)
            found[uid] = {"flags": kept, "date": date, "size": int(size)}
        for part in said(session.uid("FETCH", "1:*", "(UID BODY.PEEK[])")):
            if isinstance(part, tuple):
                match = re.search(rb"UID (\d+)", part[0])
                assert match, part[0]
                found[match[1].decode()]["digest"] = hashlib.sha256(part[1]).hexdigest()
    assert len(found) == number
    return {"uidvalidity": validity, "messages": found}


def quota(session: imaplib.IMAP4) -> dict[str, list[int]]:
    """Usage and limit of each resource."""
    _roots, answers = session.getquotaroot("INBOX")[1]
    return {
        name.decode(): [int(usage), int(limit)]
        for answer in answers
        if answer
        for name, usage, limit in _RESOURCE.findall(answer)
    }


@contextlib.contextmanager
def pop3(user: str) -> t.Iterator[poplib.POP3_SSL]:
    session = poplib.POP3_SSL(STORE, context=trusting_context(), timeout=60)
    session.user(user)
    session.pass_(PASSWORD)
    try:
        yield session
    finally:
        session.quit()


def uidls(session: poplib.POP3) -> list[str]:
    """The names of all messages, in their order."""
    return [line.split()[1].decode() for line in session.uidl()[1]]


class ManageSieve:
    """RFC 5804, as much of it as a user needs to bring scripts and to look at them."""

    def __init__(self, user: str) -> None:
        self._socket: socket.socket = socket.create_connection((STORE, 4190), timeout=30)
        self._stream = self._socket.makefile("rb")
        self._answer()
        self.ask("STARTTLS")
        self._socket = trusting_context().wrap_socket(self._socket)
        self._stream = self._socket.makefile("rb")
        self._answer()
        token = base64.b64encode(f"\0{user}\0{PASSWORD}".encode()).decode()
        self.ask(f'AUTHENTICATE "PLAIN" "{token}"')

    def ask(self, command: str) -> list[bytes]:
        self._socket.sendall(command.encode() + b"\r\n")
        return self._answer()

    def _answer(self) -> list[bytes]:
        found: list[bytes] = []
        while True:
            line = self._stream.readline()
            literal = re.fullmatch(rb"\{(\d+)\}\r\n", line)
            if literal:
                found.append(self._stream.read(int(literal[1])))
            elif line.startswith(b"OK"):
                return found
            elif not line or line.startswith((b"NO", b"BYE")):
                raise AssertionError(line)
            elif line.strip():
                found.append(line.strip())

    def activate(self, name: str, script: str) -> None:
        self.ask(f'PUTSCRIPT "{name}" {{{len(script.encode())}+}}\r\n{script}')
        self.ask(f'SETACTIVE "{name}"')

    def scripts(self) -> dict[str, dict[str, t.Any]]:
        found = {}
        for line in self.ask("LISTSCRIPTS"):
            name = line.decode().split('"')[1]
            content = self.ask(f'GETSCRIPT "{name}"')[0].decode()
            found[name] = {"active": line.endswith(b"ACTIVE"), "content": content}
        return found


def snapshot(user: str) -> dict[str, t.Any]:
    """All that clients of an account see."""
    with imap(user) as session:
        seen: dict[str, t.Any] = {
            "folders": {name: messages(session, name) for name in selectable(session)},
            "uses": folders(session),
            "subscribed": sorted(folders(session, "lsub")),
            "quota": quota(session),
        }
    with pop3(user) as session_pop3:
        seen["uidls"] = uidls(session_pop3)
    seen["scripts"] = ManageSieve(user).scripts()
    return seen
