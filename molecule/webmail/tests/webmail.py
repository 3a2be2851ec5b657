"""Roundcube as a browser without scripts sees it."""

from __future__ import annotations

import http.client
import http.cookies
import re
import socket
import ssl
import typing as t
import urllib.parse
from dataclasses import dataclass, field

PASSWORD = "Correct-Horse-1"


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str


class _Connection(http.client.HTTPSConnection):
    """TLS to an address, for the name of a host."""

    def __init__(self, address: str, name: str, context: ssl.SSLContext) -> None:
        super().__init__(address, 443, context=context, timeout=120)
        self._address, self._name, self._tls = address, name, context

    def connect(self) -> None:
        plain = socket.create_connection((self._address, 443), timeout=120)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self._name)


@dataclass
class Browser:
    """One session; base is the path before the slash that addresses of Roundcube begin with."""

    address: str
    name: str
    base: str
    context: ssl.SSLContext
    cookies: dict[str, str] = field(default_factory=dict)
    cookie_headers: list[str] = field(default_factory=list)

    def ask(
        self,
        path: str,
        form: t.Mapping[str, str] | None = None,
        *,
        host: str = "",
        headers: t.Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Ask for a path of the host, as it is."""
        connection = _Connection(self.address, self.name, self.context)
        sent = {"Host": host or self.name, **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if form is not None:
            body = urllib.parse.urlencode(form).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request("GET" if body is None else "POST", path, body, sent)
        response = connection.getresponse()
        text = response.read().decode("utf-8", "replace")
        for line in response.headers.get_all("Set-Cookie") or []:
            self.cookie_headers.append(line)
            for name, morsel in http.cookies.SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        connection.close()
        return Answer(response.status, response.headers, text)

    def get(self, query: str = "") -> Answer:
        """Ask Roundcube."""
        return self.ask(f"{self.base}/{query}")

    def login(self, user: str, password: str = PASSWORD, headers: t.Mapping[str, str] | None = None) -> Answer:
        """Log in by the form of the first page."""
        page = self.get()
        token = re.search(r'name="_token" value="([^"]+)"', page.text)
        assert token, page.text[:2000]
        form = {
            "_token": token[1],
            "_task": "login",
            "_action": "login",
            "_timezone": "Europe/Berlin",
            "_url": "",
            "_user": user,
            "_pass": password,
        }
        return self.ask(f"{self.base}/?_task=login", form, headers=headers)

    def is_in(self, answer: Answer) -> bool:
        """Say whether a login succeeded, and that its inbox opens."""
        if answer.status != 302 or "_task=mail" not in (answer.headers["Location"] or ""):
            return False
        inbox = self.get("?_task=mail")
        return inbox.status == 200 and 'id="messagelist' in inbox.text
