"""Every port with TLS, and how a client begins there."""

from __future__ import annotations

import typing as t

Kind = t.Literal["smtp", "pop3", "imap", "sieve", "none"]

STARTTLS: dict[int, Kind] = {25: "smtp", 587: "smtp", 110: "pop3", 143: "imap", 4190: "sieve"}
IMPLICIT: tuple[int, ...] = (465, 993, 995)
