# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Pages that tell a person what to type: plain HTML, without scripts."""

from __future__ import annotations

import typing as t
from html import escape

from ansible_collections.postmaster.mail.plugins.module_utils._client_config import AccountType, ClientDomain
from ansible_collections.postmaster.mail.plugins.module_utils._client_config_texts import Texts
from ansible_collections.postmaster.mail.plugins.module_utils._mail_services import Endpoint

STYLE = """\
body { background: #fff; color: #1a1a1a; font: 1rem/1.5 system-ui, sans-serif; margin: 0; }
main { margin: 0 auto; max-width: 40rem; padding: 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
h1, p, li, th, td { overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #ccc; padding: .4rem; text-align: start; vertical-align: top; }
th { font-weight: normal; width: 38%; }
td { font-weight: bold; }
small { font-weight: normal; }
a { color: #0b4f9e; }
a:focus-visible { outline: 3px solid #0b4f9e; outline-offset: 2px; }
@media (prefers-color-scheme: dark) {
  body { background: #16181c; color: #eee; }
  th, td { border-color: #555; }
  a { color: #8fc1ff; }
  a:focus-visible { outline-color: #8fc1ff; }
}
"""
_PROTOCOL_NAMES = {"imap": "IMAP", "pop3": "POP3", "submission": "SMTP", "sieve": "ManageSieve"}


def pages(domain: ClientDomain, languages: t.Mapping[str, Texts], programs: t.Sequence[str]) -> dict[str, str]:
    """Return the pages by their path; programs are those that find the settings by themselves."""
    found: dict[str, str] = {}
    for language, texts in languages.items():
        found[f"{language}/index.html"] = _frame(
            domain, language, languages, "index.html", _start(domain, texts, programs)
        )
        for account_type in domain.account_types:
            page = f"{account_type}.html"
            found[f"{language}/{page}"] = _frame(
                domain, language, languages, page, _account(domain, account_type, texts)
            )
    return found


def _frame(
    domain: ClientDomain, language: str, languages: t.Mapping[str, Texts], page: str, content: t.Sequence[str]
) -> str:
    texts = languages[language]
    title = escape(_fill(texts["title"], name=domain.name))
    others = [
        f'<a href="../{other}/{page}" lang="{other}" hreflang="{other}">{escape(languages[other]["language"])}</a>'
        for other in languages
        if other != language
    ]
    lines = [
        "<!DOCTYPE html>",
        f'<html lang="{language}" dir="{texts["direction"]}">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>",
        '<link rel="stylesheet" href="../style.css">',
        "</head>",
        "<body>",
        "<main>",
        f"<h1>{title}</h1>",
        *([f"<p>{' · '.join(others)}</p>"] if others else []),
        *content,
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"


def _start(domain: ClientDomain, texts: Texts, programs: t.Sequence[str]) -> list[str]:
    lines = [f"<p>{escape(_fill(texts['intro'], domain=domain.text))}</p>", "<ul>"]
    if programs:
        lines.append(f"<li>{escape(_fill(texts['automatic'], programs=', '.join(programs)))}</li>")
    lines += [
        f'<li><a href="../{account_type}.mobileconfig">{escape(texts["profile"])} ({account_type.upper()})</a></li>'
        for account_type in domain.account_types
    ]
    lines += ["</ul>", f"<p>{escape(texts['choose'])}</p>", "<ul>"]
    lines += [
        f'<li><a href="{account_type}.html">{escape(texts[account_type])}</a></li>'
        for account_type in domain.account_types
    ]
    return [*lines, "</ul>"]


def _account(domain: ClientDomain, account_type: AccountType, texts: Texts) -> list[str]:
    lines = [f"<p>{escape(texts[account_type])}</p>"]
    for heading, endpoints in (
        ("incoming", domain.incoming(account_type)),
        ("outgoing", domain.outgoing),
        ("filters", domain.sieve),
    ):
        for position, endpoint in enumerate(endpoints):
            lines.append(
                f"<h3>{escape(texts['alternative'])}</h3>" if position else f"<h2>{escape(texts[heading])}</h2>"
            )
            lines += _table(domain, endpoint, texts)
    return [*lines, f'<p><a href="index.html">{escape(texts["back"])}</a></p>']


def _table(domain: ClientDomain, endpoint: Endpoint, texts: Texts) -> list[str]:
    example = _fill(texts["example"], example=domain.login("name", f"name@{domain.domain}"))
    rows = [
        ("type", escape(_PROTOCOL_NAMES[endpoint.protocol])),
        ("server", escape(endpoint.hostname[:-1])),
        ("port", str(endpoint.port)),
        ("encryption", "SSL/TLS" if endpoint.implicit_tls else "STARTTLS"),
        ("authentication", escape(texts["authentication_password"])),
        ("login", f"{escape(texts[f'login_{domain.username}'])} <small>({escape(example)})</small>"),
        ("password", escape(texts["password_own"])),
    ]
    return [
        "<table>",
        *(f'<tr><th scope="row">{escape(texts[label])}</th><td>{value}</td></tr>' for label, value in rows),
        "</table>",
    ]


def _fill(text: str, **values: str) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text
