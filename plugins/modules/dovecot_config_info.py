#!/usr/bin/python

# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dovecot_config_info
short_description: Return the configuration of an installed Dovecot as data
version_added: "1.0.0"
author: ["The postmaster.mail authors (@postmaster-mail)"]
description:
  - Returns what C(doveconf) says of the configuration of Dovecot 2.3 or 2.4, in the form in which
    M(postmaster.mail.dovecot_setting) takes settings, and the files that the settings come from.
  - Names and values are those of the installed version. A tree of Dovecot 2.3 is not translated; see
    M(postmaster.mail.dovecot_upgrade_plan) for that.
  - SQL, LDAP and dict files of Dovecot 2.3, which C(doveconf) does not look into, are read too.
  - Passwords, keys and other secrets are returned as asterisks.
extends_documentation_fragment:
  - postmaster.mail._attributes
  - postmaster.mail._attributes.info
  - postmaster.mail._attributes.actiongroup_mail
  - postmaster.mail._dovecot
options:
  settings:
    description:
      - The settings to return. The name of a setting, the head of a block such as C(service auth), or the name of a
        kind of block such as C(service), which stands for all of them.
      - What the configuration does not set is missing in the result. Without this option, everything is returned.
    type: list
    elements: str
  defaults:
    description: Whether settings are returned as well that have the default of the installed version.
    type: bool
    default: false
notes:
  - Must run as C(root) to read secrets and key files' names.
  - C(doveconf) does not say where a setting comes from. RV(sources) is found by following the includes.
seealso:
  - module: postmaster.mail.dovecot_setting
  - module: postmaster.mail.dovecot_upgrade_plan
"""

EXAMPLES = r"""
- name: Read the configuration
  postmaster.mail.dovecot_config_info:
  register: dovecot_config

- name: Refuse to go on with mbox
  ansible.builtin.assert:
    that: dovecot_config.settings.mail_driver | default("") != "mbox"

- name: See how many processes may serve IMAP, also if that is the default
  postmaster.mail.dovecot_config_info:
    defaults: true
    settings: [service imap]
  register: dovecot_imap

- name: Show them
  ansible.builtin.debug:
    msg: "{{ dovecot_imap.settings['service imap'].process_limit }}"
"""

RETURN = r"""
version:
  description: Version of Dovecot.
  returned: success
  type: str
  sample: 2.4.1
pigeonhole_version:
  description: Version of Pigeonhole (Sieve), empty if it is not installed.
  returned: success
  type: str
  sample: 2.4.1-4
grammar:
  description: Grammar of the configuration, V(2.3) or V(2.4).
  returned: success
  type: str
  sample: "2.4"
config_file:
  description: The main file.
  returned: success
  type: str
  sample: /etc/dovecot/dovecot.conf
settings:
  description:
    - The configuration as a tree. Blocks are dictionaries, C(yes) and C(no) are booleans, boolean lists such as
      C(mail_plugins) are lists if they replace the list above and dictionaries if they edit it. Everything else is
      text.
    - Blocks with the same head, such as the C(passdb) blocks of Dovecot 2.3, have a number from the second on
      (C(passdb), C(passdb 2)).
  returned: success
  type: dict
  sample:
    mail_driver: maildir
    mail_path: ~/Maildir
    protocols: [imap, lmtp]
    service auth:
      unix_listener /var/spool/postfix/private/auth:
        mode: "0660"
external_files:
  description: SQL, LDAP and dict files that a configuration of Dovecot 2.3 names.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The file.
      type: str
    named_by:
      description: The setting that names it.
      type: str
    settings:
      description: Its content, in the same form as RV(settings).
      type: dict
  sample:
    - path: /etc/dovecot/sql.conf.ext
      named_by: passdb { args }
      settings: {driver: pgsql, connect: host=db.example.org dbname=mail user=dovecot password=********}
files:
  description: All files that were read, in the order of the includes.
  returned: success
  type: list
  elements: str
  sample: [/etc/dovecot/dovecot.conf, /etc/dovecot/conf.d/10-mail.conf]
sources:
  description:
    - Every line of RV(files) that sets something, without values. Of the lines that set the same, the last one counts,
      except in blocks of Dovecot 2.3 without a name, which do not merge.
    - With O(settings), only the lines of what was asked for.
  returned: success
  type: list
  elements: dict
  contains:
    setting:
      description: The setting with its blocks.
      type: str
    file:
      description: The file.
      type: str
    line:
      description: The line, counted from 1.
      type: int
  sample:
    - {setting: "service auth { user }", file: /etc/dovecot/conf.d/10-master.conf, line: 12}
messages:
  description: Warnings of C(doveconf), and external files that could not be read.
  returned: success
  type: list
  elements: str
  sample: ["/etc/dovecot/sql.conf.ext, named by passdb { args }, does not exist."]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_conf_output import as_data, select
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_read import (
    Configuration,
    ReadError,
    read_configuration,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_secrets import masked
from ansible_collections.postmaster.mail.plugins.module_utils._runner import ModuleRunner

_SBIN = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin"]


def _read(module: AnsibleModule) -> Configuration:
    doveconf = module.get_bin_path("doveconf", opt_dirs=_SBIN)
    if doveconf is None:
        module.fail_json(msg="The program doveconf is not on this host. Install Dovecot first.")
    try:
        return read_configuration(
            ModuleRunner(module),
            doveconf,
            config_file=module.params["config_file"],
            defaults=module.params["defaults"],
        )
    except ReadError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"Cannot read {error.filename or doveconf}: {error.strerror}.")


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "settings": {"type": "list", "elements": "str"},
            "defaults": {"type": "bool", "default": False},
            "config_file": {"type": "path"},
        },
        supports_check_mode=True,
    )
    configuration = _read(module)
    body = configuration.body
    places = configuration.places
    names = module.params["settings"]
    if names is not None:
        body = select(body, names)
        places = tuple(place for place in places if _is_of(place.setting, names))
    module.exit_json(
        changed=False,
        version=configuration.version,
        pigeonhole_version=configuration.pigeonhole,
        grammar=configuration.grammar,
        config_file=configuration.config_file,
        settings=as_data(masked(body)),
        external_files=[
            {"path": external.path, "named_by": external.named_by, "settings": as_data(masked(external.body))}
            for external in configuration.externals
        ],
        files=list(configuration.files),
        sources=[{"setting": place.setting, "file": place.file, "line": place.line} for place in places],
        messages=list(configuration.messages),
    )


def _is_of(setting: str, names: list[str]) -> bool:
    head = setting.partition(" { ")[0]
    return head in names or head.partition(" ")[0] in names


if __name__ == "__main__":
    main()
