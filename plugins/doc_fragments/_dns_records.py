# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    """Filters that take the records of a deployment."""

    DOCUMENTATION = r"""
positional: _input
options:
  _input:
    description: The records, as P(postmaster.mail.mail_dns_records#filter) returns them.
    type: list
    elements: dict
    required: true
seealso:
  - plugin: postmaster.mail.mail_dns_records
    plugin_type: filter
"""
