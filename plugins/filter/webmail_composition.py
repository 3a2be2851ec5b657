# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: webmail_composition
short_description: Sites, headers and files of Roundcube from the variables of role webmail
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
description:
  - Turns the variables of the role P(postmaster.mail.webmail#role) into what its templates take, and into the files of
    Roundcube's configuration.
  - Fails if the variables contradict each other. All faults are named at once.
positional: _input
options:
  _input:
    description: The variables of the role by name, without the prefix C(webmail_).
    type: dict
    required: true
  host:
    description: What the platform and the target are like.
    type: dict
    required: true
    suboptions:
      data:
        description: The folder of the role for what changes.
        type: path
        required: true
      mysql_socket:
        description: The socket of MariaDB.
        type: path
        required: true
      known_plugins:
        description: Plugins that the distribution packages.
        type: list
        elements: str
        required: true
      foreign_names:
        description: Host names that the web server serves, but not for Roundcube.
        type: list
        elements: str
        required: true
      des_key:
        description: The key of this installation.
        type: str
        required: true
      database_password:
        description: The password of the database that was made on the host.
        type: str
        required: true
"""

EXAMPLES = r"""
- name: Show what would be served
  ansible.builtin.debug:
    msg: "{{ (variables | postmaster.mail.webmail_composition(host=host)).sites }}"
"""

RETURN = r"""
_value:
  description: The composition.
  type: dict
  contains:
    engine:
      description: The webmail program.
      type: str
    server:
      description: The web server.
      type: str
    base:
      description: The path that every address begins with; empty at the root of the host.
      type: str
    sites:
      description: Host names, each with C(hostname), C(certificate), C(key), C(settings) and C(config_file).
      type: list
      elements: dict
    other_names:
      description: Names of the certificates that are no site, each with C(names), C(certificate) and C(key).
      type: list
      elements: dict
    versions:
      description: Versions of TLS.
      type: list
      elements: str
    ciphers:
      description: Ciphers up to TLS 1.2.
      type: str
    suites:
      description: Cipher suites of TLS 1.3.
      type: str
    groups:
      description: Groups for the key exchange.
      type: list
      elements: str
    server_chooses:
      description: Whether the server's order of ciphers counts.
      type: bool
    headers:
      description: Headers of every answer.
      type: dict
    plugins:
      description: Plugins of Roundcube.
      type: list
      elements: str
    features:
      description: What packages are needed for.
      type: list
      elements: str
    files:
      description: Files of Roundcube's configuration, each with C(name) and C(content).
      type: list
      elements: dict
    logos:
      description: Pictures, each with C(path) on the controller and the C(name) under which it is served.
      type: list
      elements: dict
    body_limit:
      description: The longest request in bytes; 0 is no limit.
      type: int
"""

import dataclasses
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._webmail_compose import CompositionError, compose


def webmail_composition(variables: dict[str, t.Any], host: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the composition as a dictionary; see DOCUMENTATION."""
    try:
        composition = compose(variables, host)
    except CompositionError as error:
        raise AnsibleFilterError(f"webmail_composition: {error}") from error
    return dataclasses.asdict(composition)


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"webmail_composition": webmail_composition}
