# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations

import textwrap

# Options of a check: those of the task are defaults for each of its checks.
_CHECK = """
host:
  description:
    - Name or address of the server; IPv6 addresses with or without brackets. Needed for every check.
  type: str
port:
  description:
    - TCP port. Needed for every check.
  type: int
starttls:
  description:
    - How TLS begins on this port. V(none) begins with TLS at once, as HTTPS, IMAPS and submission on port 465 do.
      The other values are the protocol to ask for TLS in.
    - The default V(auto) goes by the port. V(smtp) for 25 and 587, V(lmtp) for 24, V(imap) for 143, V(pop3) for 110,
      V(sieve) for 4190, V(ldap) for 389, V(postgresql) for 5432, V(none) for all others.
  type: str
  choices: [auto, none, smtp, lmtp, imap, pop3, sieve, ldap, postgresql]
server_names:
  description:
    - Names to send in SNI. Each gets a handshake of its own, and its certificate is compared with it.
    - An empty name sends no SNI, and the certificate is compared with O(host).
    - Versions and cipher suites are asked for with the first name.
    - The default is O(host) alone.
  type: list
  elements: str
ca_path:
  description:
    - PEM file with the certificates to trust instead of those of the operating system.
  type: path
key_type:
  description:
    - Which certificate to ask for where a server has several. V(rsa) and V(ecdsa) accept no other key, and no newer
      version than TLS 1.2, because TLS 1.3 does not let a client of this module choose.
    - With V(any), the default, it is the one that a client of today gets.
  type: str
  choices: [any, rsa, ecdsa]
address_family:
  description:
    - Whether to connect by IPv4 or IPv6 only. The default is V(any).
  type: str
  choices: [any, ipv4, ipv6]
source_address:
  description:
    - Local address to connect from.
  type: str
connect_timeout:
  description:
    - Seconds to wait for the connection. The default is V(10).
  type: float
reply_timeout:
  description:
    - Seconds to wait for each reply. The default is V(30).
  type: float
depth:
  description:
    - How closely to look. V(certificate) shakes hands once or twice for each name. V(versions) asks for each of SSL 3.0
      to TLS 1.3 as well, with one connection each. V(weak_ciphers) offers weak cipher suites alone, with one connection
      for each version and for each suite that is accepted. V(ciphers) finds all cipher suites that way.
    - What O(expect) needs is looked at in any case.
    - The default is V(weak_ciphers).
  type: str
  choices: [certificate, versions, weak_ciphers, ciphers]
expires_soon_days:
  description:
    - A certificate with fewer days left causes the warning C(expires_soon). The default is V(21).
  type: int
expect:
  description:
    - What has to be true. Anything else fails the task. Without it the task only reports.
    - What concerns certificates has to hold for each of O(server_names).
    - The one of a check replaces that of the task as a whole.
  type: dict
  suboptions:
    serial:
      description:
        - Serial number of the server's certificate in hexadecimal, with or without colons. Put it in quotes, or YAML
          may take it for another number.
      type: str
    fingerprint:
      description:
        - SHA-256 fingerprint of the server's certificate, with or without colons.
      type: str
    names:
      description:
        - Host names and addresses that the certificate has to be valid for, by RFC 9525. Wildcards in it count.
      type: list
      elements: str
    min_days_left:
      description:
        - Full days that every certificate sent has to be valid for.
      type: int
    trusted:
      description:
        - Whether the chain that is sent has to lead to a trusted certificate. Names are not part of it.
      type: bool
    versions:
      description:
        - Versions that have to be accepted.
      type: list
      elements: str
      choices: [SSLv3, TLSv1, TLSv1.1, TLSv1.2, TLSv1.3]
    refused_versions:
      description:
        - Versions that have to be refused. A server that does not answer has not refused.
      type: list
      elements: str
      choices: [SSLv3, TLSv1, TLSv1.1, TLSv1.2, TLSv1.3]
    refused_weaknesses:
      description:
        - Weaknesses that no accepted cipher suite may have. V(all) stands for each of them.
      type: list
      elements: str
      choices:
        - all
        - anonymous
        - no_encryption
        - export
        - des
        - rc2
        - rc4
        - 3des
        - idea
        - md5
        - no_forward_secrecy
        - cbc_with_old_tls
    tolerated_warnings:
      description:
        - The gravest of the RV(results[].client_warnings) that may occur.
      type: str
      choices: [none, info, warning]
"""


class ModuleDocFragment:
    DOCUMENTATION: str = f"""
options:
  name:
    description:
      - Name of the check in results and failures. The default is host and port.
    type: str
{textwrap.indent(_CHECK, "  ")}
  checks:
    description:
      - Several checks. Options they do not set are taken from the task.
      - All are carried out, and the task fails in the end if any did not come out as expected.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the check. The default is host and port.
        type: str
{textwrap.indent(_CHECK, "      ")}
  parallel:
    description:
      - How many of the O(checks) may run at the same time. Results keep the order of the checks.
    type: int
    default: 1
"""
