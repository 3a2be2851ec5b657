#!/usr/bin/python

# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tls_check
short_description: See the TLS of any server as its clients do
version_added: "1.0.0"
description:
  - Reports the certificates that a server sends for each name, the versions and cipher suites it accepts, and what a
    client of today would complain about. Works with TLS from the start and with STARTTLS of SMTP, LMTP, IMAP, POP3,
    ManageSieve, LDAP and PostgreSQL.
  - Fails if something is not as O(expect) says. The message names the server, the cause and a remedy. Without
    O(expect) it only reports.
  - Fails as well if a server cannot be reached, does not answer, refuses STARTTLS or ends every handshake, whatever is
    expected.
  - Versions and cipher suites are asked for by messages of its own, so the answer does not depend on what the OpenSSL
    of the host can do. SSL 3.0, export ciphers and RC4 are found from a host that has none of them.
extends_documentation_fragment:
  - postmaster.mail._attributes
  - postmaster.mail._attributes.info
  - postmaster.mail._attributes.actiongroup_mail
  - postmaster.mail._tls_check
attributes:
  check_mode:
    details:
      - This action does not modify state. It connects in check mode, too.
notes:
  - The checks run on the managed host, with the certificates that its operating system trusts. Delegate them to where a
    client would be.
  - Each question is a connection that ends before a session begins. The server logs them as handshakes that were broken
    off, limits of its connections from one address apply, and programs that ban clients may take offence.
  - All connections of a check go to the address that answered first. To look at each address of a name, give each a
    check with the address as O(host) and the name in O(server_names).
  - A client certificate is never sent. If the server demands one, the handshake may end early; then the certificates
    come from a handshake up to TLS 1.2 that is not completed, and RV(results[].presented[].trusted) is null.
  - Suites with pre-shared keys, SRP and Kerberos are not asked for. Revocation is not checked.
seealso:
  - module: postmaster.mail.mail_probe
author:
  - The postmaster.mail authors (@postmaster-mail)
"""

EXAMPLES = r"""
- name: Look at a server
  postmaster.mail.tls_check:
    host: mail.example.org
    port: 25
    depth: ciphers
  register: seen

- name: The new certificate is served on every port and for every name
  postmaster.mail.tls_check:
    host: 192.0.2.25
    server_names: [mail.example.org, mail.example.net]
    depth: certificate
    expect:
      serial: "4F:A1:07:9C"
      names: [mail.example.org, mail.example.net]
      min_days_left: 30
      trusted: true
    checks:
      - port: 25
      - port: 465
      - port: 587
      - port: 143
      - port: 993
      - port: 4190

- name: Nothing outdated is accepted
  postmaster.mail.tls_check:
    host: mail.example.org
    port: 993
    expect:
      versions: [TLSv1.2, TLSv1.3]
      refused_versions: [SSLv3, TLSv1, TLSv1.1]
      refused_weaknesses: [all]
      tolerated_warnings: info
"""

RETURN = r"""
results:
  description: One entry for each check, in their order. Also returned when the module fails.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the check.
      type: str
    host:
      description: The server.
      type: str
    port:
      description: The port.
      type: int
    address:
      description: The address that answered, or an empty string.
      type: str
    starttls:
      description: The protocol that TLS was asked for in, or V(none).
      type: str
    met:
      description: Whether the server could be looked at and is as expected.
      type: bool
    problems:
      description: What is not as expected; empty if RV(results[].met).
      type: list
      elements: str
    presented:
      description: What was sent for each of O(server_names), in their order.
      type: list
      elements: dict
      contains:
        server_name:
          description: The name that was sent in SNI.
          type: str
        version:
          description: The version that was agreed on; empty if the handshake was not completed.
          type: str
          sample: TLSv1.3
        cipher:
          description: The cipher suite that was agreed on, as OpenSSL names it.
          type: str
          sample: TLS_AES_256_GCM_SHA384
        bits:
          description: Bits of its key.
          type: int
        name_matches:
          description: Whether the certificate is valid for the name; null without a certificate.
          type: bool
        trusted:
          description: Whether the chain leads to a trusted certificate; null if the handshake was not completed.
          type: bool
        trust_error:
          description: Why it does not, as OpenSSL puts it.
          type: str
          sample: unable to get local issuer certificate
        failure:
          description: Why the handshake was not completed; empty if it was.
          type: str
        certificate:
          description: The first of RV(results[].presented[].chain), or null.
          type: dict
        chain:
          description: The certificates as they were sent, the server's own first.
          type: list
          elements: dict
          contains:
            subject:
              description: Subject.
              type: str
              sample: CN=mail.example.org
            issuer:
              description: Issuer.
              type: str
            san:
              description: All alternative names with their kind.
              type: list
              elements: str
              sample: ["DNS:mail.example.org", "IP:192.0.2.25"]
            dns_names:
              description: The host names among them.
              type: list
              elements: str
            ip_addresses:
              description: The addresses among them.
              type: list
              elements: str
            serial:
              description: Serial number in hexadecimal, in whole bytes as C(openssl x509) prints it.
              type: str
              sample: 4FA1079C
            not_before:
              description: Start of its validity.
              type: str
              sample: "2026-01-01T00:00:00Z"
            not_after:
              description: End of its validity.
              type: str
              sample: "2026-03-31T23:59:59Z"
            days_left:
              description: Full days that are left; negative if it has expired.
              type: int
            lifetime_days:
              description: Full days from start to end.
              type: int
            fingerprint:
              description: SHA-256 of the certificate.
              type: str
            spki_sha256:
              description: SHA-256 of its public key, as in TLSA records C(3 1 1).
              type: str
            key_type:
              description: V(RSA), V(ECDSA), V(Ed25519), V(Ed448), V(DSA) or another name or object identifier.
              type: str
            key_bits:
              description: Size of the key.
              type: int
            curve:
              description: Curve of an ECDSA key.
              type: str
              sample: P-256
            signature_algorithm:
              description: How it is signed.
              type: str
              sample: ECDSA with SHA-384
            self_issued:
              description: Whether subject and issuer are the same.
              type: bool
            is_ca:
              description: Whether it is the certificate of a CA.
              type: bool
            must_staple:
              description: Whether clients have to insist on a stapled OCSP answer.
              type: bool
            ocsp_urls:
              description: Where to ask for its revocation by OCSP.
              type: list
              elements: str
            crl_urls:
              description: Where lists of revoked certificates are.
              type: list
              elements: str
            ca_issuers_urls:
              description: Where the certificate of its issuer is.
              type: list
              elements: str
    versions:
      description:
        - The versions that were asked for, oldest first, each with RV(ignore:version), RV(ignore:accepted) (null if the
          answer does not tell) and RV(ignore:answer).
      type: list
      elements: dict
      sample:
        - version: TLSv1.1
          accepted: false
          answer: protocol_version
        - version: TLSv1.2
          accepted: true
          answer: ServerHello
    accepted_versions:
      description: Those of them that are accepted.
      type: list
      elements: str
      sample: [TLSv1.2, TLSv1.3]
    ciphers:
      description:
        - The accepted cipher suites, in the order in which the server chose them for each version. Only the weak ones
          unless RV(results[].ciphers_complete).
      type: list
      elements: dict
      contains:
        version:
          description: The version.
          type: str
        code:
          description: Its number at IANA.
          type: str
          sample: "0xC02F"
        iana:
          description: Its name at IANA.
          type: str
          sample: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        openssl:
          description: Its name in OpenSSL, or an empty string.
          type: str
          sample: ECDHE-RSA-AES128-GCM-SHA256
        weaknesses:
          description: What is wrong with it in this version, by the names of O(expect.refused_weaknesses).
          type: list
          elements: str
    ciphers_complete:
      description: Whether RV(results[].ciphers) are all that are accepted.
      type: bool
    client_warnings:
      description:
        - What clients of today complain about. RV(ignore:severity) is V(error) where they refuse or ask their user,
          V(warning) for what is weak or will soon be refused, or V(info). RV(ignore:server_name) is empty if it is
          about the server as a whole.
        - The names are C(name_mismatch), C(no_names), C(not_yet_valid), C(expired), C(expires_soon), C(weak_key),
          C(weak_signature), C(self_signed), C(untrusted), C(chain_incomplete), C(chain_order), C(chain_needless),
          C(root_sent), C(no_server_auth), C(ca_as_server), C(must_staple), C(long_lifetime), C(handshake_failed),
          C(tls_too_old), C(outdated_versions), C(no_tls13), C(compression), C(insecure_renegotiation), and C(cipher_)
          with one of the weaknesses.
        - A lifetime is too long if it exceeds what the CA/Browser Forum allows public CAs (398 days, 200 days for
          certificates issued since 2026-03-15), or 825 days for others.
      type: list
      elements: dict
      sample:
        - id: expires_soon
          severity: warning
          text: the certificate CN=mail.example.org expires in 6 days, at 2026-03-31T23:59:59Z
          server_name: mail.example.org
failed_checks:
  description: Names of the checks that did not come out as expected.
  returned: always
  type: list
  elements: str
"""

import concurrent.futures
import datetime
import functools
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.postmaster.mail.plugins.module_utils._tls_check import PlanError, argument_spec, plan_checks
from ansible_collections.postmaster.mail.plugins.module_utils._tls_check_report import failure, report
from ansible_collections.postmaster.mail.plugins.module_utils._tls_check_run import run_check


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec=argument_spec(),
        mutually_exclusive=[("checks", "name")],
        supports_check_mode=True,
    )
    if module.params["parallel"] < 1:
        module.fail_json(
            msg=f"parallel is {module.params['parallel']}, but at least 1 check has to run at a time.",
            results=[],
            failed_checks=[],
        )
    try:
        plans = plan_checks(module.params)
    except PlanError as error:
        module.fail_json(msg=str(error), results=[], failed_checks=[])
    run = functools.partial(run_check, now=datetime.datetime.now(datetime.timezone.utc))
    with concurrent.futures.ThreadPoolExecutor(max_workers=module.params["parallel"]) as pool:
        results = list(pool.map(run, plans))
    reported = [report(result) for result in results]
    failed = [result.plan.name for result in results if result.problems]
    problem = failure(results)
    if problem:
        module.fail_json(msg=problem, results=reported, failed_checks=failed)
    module.exit_json(changed=False, results=reported, failed_checks=failed)


if __name__ == "__main__":
    main()
