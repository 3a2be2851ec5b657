# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: dovecot_composition
short_description: Settings, scripts and packages from the variables of role dovecot
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
description:
  - Turns the variables of the role P(postmaster.mail.dovecot#role) into the tree that
    M(postmaster.mail.dovecot_setting) takes, and into the files and contributions that belong to it.
  - Fails if the variables contradict each other. All faults are named at once.
positional: _input
options:
  _input:
    description: The variables of the role by name, without the prefix C(dovecot_).
    type: dict
    required: true
  host:
    description: What the platform is like.
    type: dict
    required: true
    suboptions:
      folder:
        description: The role's own folder.
        type: path
        required: true
      libexec:
        description: The folder of Dovecot's programs.
        type: path
        required: true
      auth_group:
        description: The group whose members may read passwords.
        type: str
        required: true
      fts:
        description: Whether full-text search is packaged. Without it, the variables for it have no effect.
        type: bool
        required: true
      ports_of_others:
        description: Ports that other daemons of the host listen on, by the name of who does.
        type: dict
        required: true
      submission_host:
        description: SMTP server that takes what Sieve scripts send, with its port. If empty, C(sendmail) does.
        type: str
        default: ""
      hybrid_groups:
        description: Groups for key exchange that are safe against quantum computers, as far as the platform has them.
        type: list
        elements: str
        required: true
      dh_file:
        description: File with Diffie-Hellman parameters. If empty, ciphers that need them are not offered.
        type: str
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
"""

EXAMPLES = r"""
- name: Show the settings that the role would write
  ansible.builtin.debug:
    msg: "{{ (variables | postmaster.mail.dovecot_composition(host=host)).settings }}"
"""

RETURN = r"""
_value:
  description: The composition.
  type: dict
  contains:
    settings:
      description: For M(postmaster.mail.dovecot_setting), in the grammar of Dovecot 2.4.
      type: dict
    sieve_settings:
      description: The part of them that the compiler of Sieve scripts needs. Empty if there are no scripts.
      type: dict
    files:
      description: Files in the role's folder, each with C(path), C(content), C(mode) and C(group).
      type: list
      elements: dict
    scripts:
      description: Sieve scripts in the role's folder, in the same form.
      type: list
      elements: dict
    kept:
      description: Paths of all files that belong into the folder.
      type: list
      elements: str
    directories:
      description: Folders outside of the homes that the owner of all mail writes to.
      type: list
      elements: str
    encryption_keys:
      description: Paths of the C(private) and the C(public) key. Empty without encryption.
      type: dict
    features:
      description: What packages are needed for.
      type: list
      elements: str
    ports:
      description: What Dovecot will listen on, each with C(name), C(address) and C(port).
      type: list
      elements: dict
    postfix:
      description: Contributions for M(postmaster.mail.postfix_contribution).
      type: list
      elements: dict
"""

import dataclasses
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_composition import CompositionError, compose


def dovecot_composition(variables: dict[str, t.Any], host: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the composition as a dictionary; see DOCUMENTATION."""
    try:
        return dataclasses.asdict(compose(variables, host))
    except CompositionError as error:
        raise AnsibleFilterError(f"dovecot_composition: {error}") from error


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"dovecot_composition": dovecot_composition}
