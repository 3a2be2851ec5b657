# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: sasl_composition
short_description: Files, units and parameters from the variables of role sasl
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
description:
  - Turns the variables of the role P(postmaster.mail.sasl#role) into the files, directories and units of the engine
    that checks logins, and into the parameters that connect Postfix to it.
  - Fails if the variables contradict each other or what the target has. All faults are named at once.
positional: _input
options:
  _input:
    description: The variables of the role by name, without the prefix C(sasl_).
    type: dict
    required: true
  host:
    description: What the platform and the target are like.
    type: dict
    required: true
    suboptions:
      queue:
        description: Postfix's queue directory.
        type: path
        required: true
      chroot:
        description: Whether smtpd runs in a chroot there.
        type: bool
        required: true
      config_path:
        description: The directory in which libsasl looks for C(smtpd.conf).
        type: path
        required: true
      folder:
        description: The role's own folder.
        type: path
        required: true
      directory:
        description: The directory for the socket of saslauthd.
        type: path
        required: true
      saslauthd:
        description: The program saslauthd.
        type: path
        required: true
      authdaemond_socket:
        description: The socket of Courier's authdaemond. Empty where the system does not package it.
        type: str
        required: true
      authdaemond_runs:
        description: Whether that daemon runs already.
        type: bool
        required: true
      socket_proxy:
        description: The program systemd-socket-proxyd.
        type: path
        required: true
      ca_file:
        description: The certificates of the authorities that the system trusts.
        type: path
        required: true
      pam_rules:
        description: What the system's own PAM services include.
        type: list
        elements: str
        required: true
      present:
        description: Paths that exist on the target.
        type: list
        elements: str
        required: true
      own:
        description: Those of them that the role has written.
        type: list
        elements: str
        required: true
      rivals:
        description: Files by which the system's own saslauthd uses the same directory.
        type: list
        elements: str
        required: true
"""

EXAMPLES = r"""
- name: Show the parameters that the role would offer to Postfix
  ansible.builtin.debug:
    msg: "{{ (variables | postmaster.mail.sasl_composition(host=host)).postfix_params }}"
"""

RETURN = r"""
_value:
  description: The composition.
  type: dict
  contains:
    postfix_params:
      description: Parameters of Postfix.
      type: dict
    features:
      description: What packages are needed for.
      type: list
      elements: str
    plugins:
      description: Files of libsasl that have to be there.
      type: list
      elements: str
    directories:
      description: Directories, each with C(path), C(mode) and C(group).
      type: list
      elements: dict
    files:
      description: Files, each with C(path), C(content), C(mode) and the C(unit) to be restarted for it.
      type: list
      elements: dict
    units:
      description: Units of systemd that run.
      type: list
      elements: str
    socket:
      description: The socket that Postfix asks, if the role opens it.
      type: str
    mechanism:
      description: What saslauthd has to be built with.
      type: str
    database:
      description: The sasldb, if there is one.
      type: str
    dovecot_trusted_networks:
      description: Addresses that the engine asks Dovecot from in the name of all users.
      type: list
      elements: str
    kept:
      description: All paths that this engine needs.
      type: list
      elements: str
"""

import dataclasses
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._sasl_compose import CompositionError, compose


def sasl_composition(variables: dict[str, t.Any], host: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the composition as a dictionary; see DOCUMENTATION."""
    try:
        composition = compose(variables, host)
    except CompositionError as error:
        raise AnsibleFilterError(f"sasl_composition: {error}") from error
    return {**dataclasses.asdict(composition), "kept": composition.kept}


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"sasl_composition": sasl_composition}
