"""What a browser complains about and asks for while somebody uses it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Request, WebError


class Watch:
    """Keeps what must not happen: errors, and requests to others than the server itself."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.origin = origin
        self.faults: list[str] = []
        self.asked = 0
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)
        context.on("dialog", self._dialog)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "assert"):
            self.faults.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _error(self, error: WebError) -> None:
        self.faults.append(f"script: {error.error}")

    def _request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme in ("about", "blob", "data"):
            return
        self.asked += 1
        if f"{url.scheme}://{url.netloc}" != self.origin:
            self.faults.append(f"request: {request.url}")

    def _dialog(self, dialog: Dialog) -> None:
        if dialog.type == "beforeunload":
            dialog.accept()
            return
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def take(self, pattern: str) -> list[str]:
        """Return the faults that a test has provoked, and forget them."""
        taken = [fault for fault in self.faults if re.search(pattern, fault)]
        self.faults = [fault for fault in self.faults if fault not in taken]
        return taken

    def is_clean(self) -> None:
        """See that pages were loaded and nothing bad was noticed."""
        assert self.asked > 0
        assert self.faults == [], self.faults
