"""Times that a browser waits for the webmail, as JSON on standard output; all in seconds."""

from __future__ import annotations

import concurrent.futures
import http.client
import http.cookies
import json
import re
import ssl
import statistics
import time
import typing as t
import urllib.parse

NAME = "mail.example.org"
PASSWORDS = {"alice@example.org": "alice-bench-password", "bob@example.org": "bob-bench-password"}
ROUNDS = 15
CROWDS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
# The certificate is for another name than this address.
TRUSTING = ssl.create_default_context()
TRUSTING.check_hostname = False
TRUSTING.verify_mode = ssl.CERT_NONE


class Browser:
    """One session on one connection, from an address of its own of the loopback interface."""

    def __init__(self, number: int) -> None:
        self.cookies: dict[str, str] = {}
        self.connection = http.client.HTTPSConnection(
            "127.0.0.1", 443, context=TRUSTING, timeout=120, source_address=(f"127.0.1.{number + 1}", 0)
        )

    def ask(self, path: str, form: t.Mapping[str, str] | None = None, **more: str) -> tuple[int, str]:
        """Status and text of an answer."""
        sent = {"Host": NAME, "Cookie": "; ".join(f"{key}={value}" for key, value in self.cookies.items())}
        sent |= {name.replace("_", "-"): value for name, value in more.items()}
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request("GET" if form is None else "POST", path, body, sent)
        response = self.connection.getresponse()
        text = response.read().decode("utf-8", "replace")
        for line in response.headers.get_all("Set-Cookie") or []:
            self.cookies |= {name: morsel.value for name, morsel in http.cookies.SimpleCookie(line).items()}
        return response.status, text

    def log_in(self, user: str) -> None:
        form = {
            "_token": found(r'name="_token" value="([^"]+)"', self.ask("/")[1]),
            "_task": "login",
            "_action": "login",
        }
        status, text = self.ask("/?_task=login", {**form, "_user": user, "_pass": PASSWORDS[user]})
        if status != 302:
            raise SystemExit(f"{user} was not let in: {status} {text[:500]}")

    def page(self) -> str:
        """The page of the inbox, still without its messages. Returns the token of the session."""
        status, text = self.ask("/?_task=mail")
        if status != 200:
            raise SystemExit(f"The inbox was answered by {status}")
        return found(r'"request_token":"([^"]+)"', text)

    def messages(self, token: str, page: int = 1) -> None:
        """A page of the list of messages."""
        path = f"/?_task=mail&_action=list&_mbox=INBOX&_page={page}&_remote=1"
        status, text = self.ask(path, X_Roundcube_Request=token, X_Requested_With="XMLHttpRequest")
        if status != 200 or "about what was agreed" not in text:
            raise SystemExit(f"The list of messages was answered by {status} {text[:500]}")


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if not match:
        raise SystemExit(f"No {pattern} in {text[:500]}")
    return match[1]


def seconds(action: t.Callable[[], object]) -> float:
    begin = time.monotonic()
    action()
    return time.monotonic() - begin


def median(action: t.Callable[[], object]) -> float:
    action()
    return statistics.median(seconds(action) for _round in range(ROUNDS))


def looked_at(user: str, last_page: int) -> dict[str, float]:
    """Waiting for login, page of the inbox, and the first and last page of the list of messages."""
    browser = Browser(0)
    login = seconds(lambda: browser.log_in(user))
    token = browser.page()
    return {
        "login": login,
        "inbox": median(lambda: (browser.page(), browser.messages(token))),
        "first": median(lambda: browser.messages(token)),
        "last": median(lambda: browser.messages(token, last_page)),
    }


def crowd(people: t.Sequence[tuple[Browser, str]]) -> float:
    """Median of what each of them waits for the list of messages while all ask."""

    def one(person: tuple[Browser, str]) -> list[float]:
        browser, token = person
        return [seconds(lambda: browser.messages(token)) for _round in range(ROUNDS)]

    with concurrent.futures.ThreadPoolExecutor(len(people)) as pool:
        return statistics.median(wait for waits in pool.map(one, people) for wait in waits)


def crowds() -> dict[str, float]:
    """Waiting by the number of people, until it is twice that of one."""
    people: list[tuple[Browser, str]] = []
    waits: dict[str, float] = {}
    for count in CROWDS:
        while len(people) < count:
            browser = Browser(len(people) + 1)
            browser.log_in("alice@example.org")
            people.append((browser, browser.page()))
        waits[str(count)] = crowd(people)
        if waits[str(count)] > 2 * waits["1"]:
            break
    return waits


def main() -> None:
    visitor = Browser(0)
    if visitor.ask("/")[0] != 200:
        raise SystemExit("The first page is not there")
    result = {
        "page": median(lambda: visitor.ask("/")),
        "few": looked_at("alice@example.org", 1),
        "many": looked_at("bob@example.org", 200),
        "crowds": crowds(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
