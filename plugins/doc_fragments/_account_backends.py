# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Where mail accounts are kept.
    DOCUMENTATION = r"""
options:
  backend:
    description:
      - Where the accounts are kept.
      - V(passwd_file) keeps them in the file O(path).
      - V(sql) keeps them in the table C(accounts) of O(database), which is created and brought up to date by what
        writes into it. Its columns C(active), C(quota_bytes), C(allow_nets) and C(expires) stand for what a passwd-file
        has extra fields for.
    type: str
    choices: [passwd_file, sql]
    default: passwd_file
  path:
    description:
      - The passwd-file. One that does not exist has no accounts, and is created when the first account is. What writes
        it sets its mode to C(0640), its owner to C(root) and O(passwd_file_group).
      - An empty lock file with a leading dot and the suffix C(.lock) stays beside it.
    type: path
    default: /etc/dovecot/users
  passwd_file_group:
    description: The group that Dovecot's auth process reads the file as; also that of a new file of SQLite.
    type: str
    default: dovecot
"""
