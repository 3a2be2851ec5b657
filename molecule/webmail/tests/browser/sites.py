"""The two servers whose webmail is used, which write to each other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Site:
    address: str
    domain: str
    path: str
    user: str
    """The local part of the one who reads and writes."""

    @property
    def hostname(self) -> str:
        return f"mail.{self.domain}"

    @property
    def origin(self) -> str:
        return f"https://{self.hostname}"

    @property
    def url(self) -> str:
        return self.origin + self.path

    def account(self, local_part: str = "") -> str:
        return f"{local_part or self.user}@{self.domain}"

    @property
    def other(self) -> Site:
        return next(site for site in SITES if site != self)


SITES = (
    Site(address="10.203.17.251", domain="example.org", path="/", user="alice"),
    Site(address="10.203.17.252", domain="example.net", path="/webmail/", user="bob"),
)


def site_at(address: str) -> Site:
    return next(site for site in SITES if site.address == address)
