# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: postfix_composition
short_description: Contributions, lookup tables and services from the variables of role postfix
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
description:
  - Turns the variables of the role P(postmaster.mail.postfix#role) into what M(postmaster.mail.postfix_contribution)
    and M(postmaster.mail.postfix_map) take.
  - Fails if the variables contradict each other, would make an open relay, or name a restriction that Postfix does
    not know. All faults are named at once.
positional: _input
options:
  _input:
    description: The variables of the role by name, without the prefix C(postfix_).
    type: dict
    required: true
  host:
    description: What the platform and the installed Postfix are like.
    type: dict
    required: true
    suboptions:
      directory:
        description: Folder for the lookup tables.
        type: path
        required: true
      chroot:
        description: Whether services run in a chroot, V(y) or V(n).
        type: str
        required: true
      compatibility_level:
        description: The parameter C(compatibility_level).
        type: str
        required: true
      ca_file:
        description: File with the certificates of the authorities to trust.
        type: path
        required: true
      known:
        description: The parameters that the installed Postfix has. Empty if it cannot be asked yet.
        type: list
        elements: str
        required: true
      accounts:
        description: What P(postmaster.mail.mail_account_tables#filter) returned.
        type: dict
        required: true
      dns_lists:
        description: What P(postmaster.mail.dnsbl_restrictions#filter) returned, or an empty dictionary.
        type: dict
        required: true
      tls_directory:
        description: Folder in which role P(postmaster.mail.tls#role) keeps certificates.
        type: path
        required: true
      tls_key_types:
        description: The kinds of keys that each certificate there has.
        type: list
        elements: str
        required: true
      client_certificates:
        description: Certificates in PEM form by the path that C(postfix_relay_clientcerts) names.
        type: dict
        required: true
"""

EXAMPLES = r"""
- name: Show what the role would say in main.cf and master.cf
  ansible.builtin.debug:
    msg: "{{ (variables | postmaster.mail.postfix_composition(host=host)).contributions }}"
"""

RETURN = r"""
_value:
  description: The composition.
  type: dict
  contains:
    contributions:
      description: For M(postmaster.mail.postfix_contribution).
      type: list
      elements: dict
    contributions_before_logins:
      description: The same without the listeners that check logins.
      type: list
      elements: dict
    login_services:
      description: The names of these listeners.
      type: list
      elements: str
    maps:
      description: For M(postmaster.mail.postfix_map).
      type: list
      elements: dict
    files:
      description: Names of the files that belong into the folder, without indexes.
      type: list
      elements: str
    bounce_template:
      description: Text of the bounce templates, empty if there are none.
      type: str
    listener_tls:
      description: How a client starts TLS where it has to, V(starttls) or V(implicit), by name of the service.
      type: dict
    certificate_files:
      description: The files with keys and certificates that have to be there.
      type: list
      elements: str
"""

import dataclasses
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._postfix_composition import CompositionError, compose


def postfix_composition(variables: dict[str, t.Any], host: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the composition as a dictionary; see DOCUMENTATION."""
    try:
        composition = compose(_plain(variables), _plain(host))
    except CompositionError as error:
        raise AnsibleFilterError(f"postfix_composition: {error}") from error
    return dataclasses.asdict(composition)


def _plain(value: t.Any) -> t.Any:
    """Return value with dictionaries and lists of its own: those of Ansible's templates cannot be copied."""
    if isinstance(value, t.Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"postfix_composition": postfix_composition}
