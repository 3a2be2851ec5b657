# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the pages for people say, in each language."""

from __future__ import annotations

import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._client_config import ClientConfigError

Texts = t.Mapping[str, str]

TEXTS: t.Mapping[str, Texts] = {
    "en": {
        "language": "English",
        "direction": "ltr",
        "title": "Set up mail for {name}",
        "intro": "These are the settings for addresses of {domain}.",
        "automatic": "{programs}: type your address and your password, the rest is found by itself.",
        "profile": "iPhone, iPad and Mac: open the profile",
        "choose": "By hand, in any other program:",
        "imap": "IMAP: mail stays on the server, the same on every device",
        "pop3": "POP3: mail is taken from the server to one device",
        "incoming": "Incoming mail",
        "outgoing": "Outgoing mail",
        "filters": "Filters",
        "alternative": "If that does not work",
        "type": "Type",
        "server": "Server",
        "port": "Port",
        "encryption": "Encryption",
        "login": "User name",
        "login_address": "your whole address",
        "login_local_part": "the part of your address before the @",
        "example": "for example {example}",
        "password": "Password",
        "password_own": "that of your mail account",
        "authentication": "Authentication",
        "authentication_password": "password (normal)",
        "back": "Back",
    },
    "de": {
        "language": "Deutsch",
        "direction": "ltr",
        "title": "E-Mail einrichten für {name}",
        "intro": "Das sind die Einstellungen für Adressen von {domain}.",
        "automatic": "{programs}: Adresse und Passwort eingeben, der Rest findet sich von selbst.",
        "profile": "iPhone, iPad und Mac: das Profil öffnen",
        "choose": "Von Hand, in jedem anderen Programm:",
        "imap": "IMAP: die Mail bleibt auf dem Server, auf jedem Gerät dieselbe",
        "pop3": "POP3: die Mail wird vom Server auf ein Gerät geholt",
        "incoming": "Posteingang",
        "outgoing": "Postausgang",
        "filters": "Filter",
        "alternative": "Falls das nicht geht",
        "type": "Typ",
        "server": "Server",
        "port": "Port",
        "encryption": "Verschlüsselung",
        "login": "Benutzername",
        "login_address": "Ihre ganze Adresse",
        "login_local_part": "der Teil Ihrer Adresse vor dem @",
        "example": "zum Beispiel {example}",
        "password": "Passwort",
        "password_own": "das Ihres Mailkontos",
        "authentication": "Anmeldung",
        "authentication_password": "Passwort (normal)",
        "back": "Zurück",
    },
}
_FALLBACK = "en"
_DIRECTIONS = ("ltr", "rtl")


def texts_of(languages: t.Sequence[str], own: t.Mapping[str, Texts]) -> dict[str, Texts]:
    """Return the texts of each language; what own does not say is as in the collection, or English."""
    if not languages:
        raise ClientConfigError("languages is empty; name one, such as en.")
    for language, texts in own.items():
        unknown = sorted(set(texts) - set(TEXTS[_FALLBACK]))
        if unknown:
            known = ", ".join(TEXTS[_FALLBACK])
            raise ClientConfigError(f"texts of {language} has {unknown[0]!r}, which no page shows. Known are: {known}.")
    found: dict[str, Texts] = {}
    for language in languages:
        if not language.isascii() or not language.replace("-", "").isalnum():
            raise ClientConfigError(f"languages has {language!r}; give tags such as en or pt-BR.")
        if language not in TEXTS and language not in own:
            raise ClientConfigError(
                f"languages has {language}, of which no texts are known. Give them in texts, or choose of "
                f"{', '.join(TEXTS)}."
            )
        merged = {**TEXTS[_FALLBACK], **TEXTS.get(language, {}), **own.get(language, {})}
        if merged["direction"] not in _DIRECTIONS:
            raise ClientConfigError(f"texts of {language}: direction is {merged['direction']!r}; give ltr or rtl.")
        found[language] = merged
    return found
