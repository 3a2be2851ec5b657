# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter postmaster.mail.tls_composition."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._tls_composition import TlsDataError, compose

DOCUMENTATION = r"""
name: tls_composition
short_description: Say what the certificates of a host are to the program that keeps them there
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
description:
  - Turns what role P(postmaster.mail.tls#role) says about certificates into the configuration of the program that
    installs and renews them on the host.
  - Fails with all contradictions at once if names are given twice, are no host names, or pairs of key and certificate
    are incomplete.
positional: _input
options:
  _input:
    description:
      - A dictionary. C(certificates), C(mode), C(key_types), C(renew_before_days), C(group), C(proofs) and
        C(proof_timeout) are the variables of the role with the prefix C(tls_).
      - C(issuer) says who makes new certificates, C(trust) which files have roots, C(sources) is the folder of pairs
        that the controller sends, C(patterns) has the paths of pairs that are made on the host, with C({name}) and
        C({kind}).
    type: dict
    required: true
seealso:
  - plugin: postmaster.mail.tls_check
    plugin_type: module
"""

EXAMPLES = r"""
- name: Show which handshakes prove a certificate
  ansible.builtin.debug:
    msg: "{{ (settings | postmaster.mail.tls_composition).certificates[0].config.proofs }}"
  vars:
    settings:
      mode: selfsigned
      certificates: [{name: mail.example.org, names: [imap.example.org]}]
      key_types: [ECC]
      issuer: {kind: selfsigned, valid_days: 397}
      patterns:
        certificate: /etc/postmaster/tls/sources/{name}/fullchain-{kind}.pem
        privkey: /etc/postmaster/tls/sources/{name}/privkey-{kind}.pem
        request: /etc/postmaster/tls/sources/{name}/request-{kind}.pem
      sources: /etc/postmaster/tls/sources
      renew_before_days: 30
      trust: []
      group: ""
      proofs: [{port: 25, starttls: smtp}, {port: 993}]
      proof_timeout: 20
"""

RETURN = r"""
_value:
  description:
    - A dictionary of C(certificates), a list. Each has its C(name), all C(names), the C(pairs) that somebody gave with
      their C(number), and the C(config) for the program.
  type: dict
"""


def tls_composition(settings: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the certificates with their configurations."""
    try:
        return compose(settings)
    except TlsDataError as error:
        raise AnsibleFilterError(f"tls_composition: {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return name and function of each filter."""
        return {"tls_composition": tls_composition}
