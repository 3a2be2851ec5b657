# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The settings as Thunderbird and its relatives fetch them: config-v1.1.xml."""

from __future__ import annotations

import typing as t
import xml.etree.ElementTree as ET

from ansible_collections.postmaster.mail.plugins.module_utils._client_config import ClientDomain
from ansible_collections.postmaster.mail.plugins.module_utils._mail_services import Endpoint

# What the program puts its user's address and the part before the @ in place of.
_ADDRESS = "%EMAILADDRESS%"
_LOCAL_PART = "%EMAILLOCALPART%"


def autoconfig_xml(domain: ClientDomain, pages: t.Mapping[str, str]) -> str:
    """Return the document of a domain; pages maps a language to the address of a page for people."""
    root = ET.Element("clientConfig", version="1.1")
    provider = ET.SubElement(root, "emailProvider", id=domain.domain)
    for name in dict.fromkeys((domain.domain, domain.text)):
        _text(provider, "domain", name)
    _text(provider, "displayName", domain.name)
    _text(provider, "displayShortName", domain.text)
    username = domain.login(_LOCAL_PART, _ADDRESS)
    for account_type in domain.account_types:
        for endpoint in domain.incoming(account_type):
            _server(provider, "incomingServer", account_type, endpoint, username)
    for endpoint in domain.outgoing:
        _server(provider, "outgoingServer", "smtp", endpoint, username)
    for language, url in pages.items():
        page = ET.SubElement(provider, "documentation", url=url)
        _text(page, "descr", domain.name).set("lang", language)
    return document(root)


def document(root: ET.Element) -> str:
    """Return an XML document in text."""
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _server(provider: ET.Element, tag: str, kind: str, endpoint: Endpoint, username: str) -> None:
    server = ET.SubElement(provider, tag, type=kind)
    _text(server, "hostname", endpoint.hostname[:-1])
    _text(server, "port", str(endpoint.port))
    _text(server, "socketType", "SSL" if endpoint.implicit_tls else "STARTTLS")
    # So called, although it travels in TLS.
    _text(server, "authentication", "password-cleartext")
    _text(server, "username", username)


def _text(parent: ET.Element, tag: str, text: str) -> ET.Element:
    element = ET.SubElement(parent, tag)
    element.text = text
    return element
