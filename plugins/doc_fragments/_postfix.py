# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Modules that can be pointed at one of several Postfix instances.
    DOCUMENTATION = r"""
options:
  config_dir:
    description: Folder of C(main.cf) and C(master.cf). If not given, the one Postfix uses by itself.
    type: path
"""

    # Modules that write into main.cf and master.cf.
    CHECKS = r"""
options:
  allow_unknown:
    description:
      - Accept names that this Postfix does not use. If V(false), they are an error that suggests similar names. Only
        what this call names is looked at.
      - Names of your own are known as soon as anything refers to them; a parameter of the same task, a restriction
        class, a service that they belong to (C(<transport>_destination_concurrency_limit)) or a table
        (C(pgsql:name)).
    type: bool
    default: false
  validate:
    description:
      - Refuse what Postfix cannot read, and table types it cannot open. If V(false), complaints of the former kind
        become warnings and the latter are not looked for.
      - References to itself, references that are not closed and control characters are refused in any case.
    type: bool
    default: true
notes:
  - A value of a parameter whose name ends in C(password), C(passwd) or C(secret), and credentials in a C(static:) or
    C(inline:) table of a password parameter, appear neither in results nor on a command line. Ansible itself still
    logs the task's arguments on the target; set C(no_log) for such tasks.
  - In check mode on a host where Postfix is not installed yet, the module reports a change and warns.
"""
