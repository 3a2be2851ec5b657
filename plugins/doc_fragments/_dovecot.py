# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Modules that read what doveconf says.
    DOCUMENTATION = r"""
options:
  config_file:
    description: The main file of the configuration. By default the one that Dovecot was built for.
    type: path
notes:
  - Fails if Dovecot is not installed, and if C(doveconf) refuses the configuration.
"""
