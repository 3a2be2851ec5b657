#!/usr/bin/python

# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: postfix_map
short_description: Manage Postfix lookup tables and their indexes
version_added: "1.0.0"
description:
  - Writes lookup tables of Postfix from data or from a file on the target, builds the index that the table type
    needs, and puts both in place so that no lookup fails meanwhile.
  - A table is checked before anything live is touched, first for what C(postmap) is known to let pass with only a
    warning, then by C(postmap) or C(postalias) itself in a private directory. Any complaint is an error and leaves
    the live files as they are. All tables of one task are checked before the first one is written.
  - An index that is missing, older than its source, or of other content than its source is built again.
  - After a change of O(type), the index of the former type is removed, unless the configuration of Postfix still
    refers to it; then it stays until a later run finds it unused.
options:
  maps:
    description:
      - Several tables in one task. Each takes the options of this module; O(type), O(format), O(owner), O(group),
        O(mode), O(secret), O(state) and O(header) that a table does not set are taken from the task.
      - Not written to the log of the target.
    type: list
    elements: dict
    suboptions:
      path:
        description: See O(path).
        type: path
        required: true
      entries:
        description: See O(entries).
        type: raw
      src:
        description: See O(src).
        type: path
      type:
        description: See O(type).
        type: str
        choices: [hash, lmdb, cdb, btree, texthash, regexp, pcre, cidr]
      format:
        description: See O(format).
        type: str
        choices: [postmap, aliases]
      header:
        description: See O(header).
        type: str
      owner:
        description: See O(owner).
        type: str
      group:
        description: See O(group).
        type: str
      mode:
        description: See O(mode).
        type: str
      secret:
        description: See O(secret).
        type: bool
      state:
        description: See O(state).
        type: str
        choices: [present, absent]
  path:
    description:
      - The source file of the table, for example V(/etc/postfix/virtual). The index stands beside it. Its directory
        must exist.
      - A symbolic link is followed.
    type: path
  entries:
    description:
      - The content, either a dictionary of keys and values, or, where the order matters (V(regexp), V(pcre) and
        V(cidr) tables), a list of dictionaries with C(key) (or C(pattern)) and C(value).
      - A value that is a list is joined with a comma and a blank.
      - In V(regexp), V(pcre) and V(cidr) tables the keys C(if ...) and C(endif) have no value.
      - An empty dictionary makes an empty table.
      - Not written to the log of the target.
    type: raw
  src:
    description:
      - A text file on the target whose content is used as it is. May be the same as O(path), to only have the index
        built.
    type: path
  type:
    description:
      - The table type. Without it, the one that the installed Postfix uses where none is named
        (C(default_database_type)).
      - A type that the installed Postfix cannot open is an error that names the package to install.
      - A running Postfix notices a new index by itself, but goes on with the former text of a V(texthash), V(regexp),
        V(pcre) or V(cidr) table until it is reloaded, see RV(maps[].reload_needed).
    type: str
    choices: [hash, lmdb, cdb, btree, texthash, regexp, pcre, cidr]
  format:
    description:
      - V(postmap) is the form of nearly all tables, V(aliases) that of C(/etc/aliases), which C(postalias) indexes.
    type: str
    choices: [postmap, aliases]
    default: postmap
  header:
    description:
      - Comment lines for the top of the file. Lines that do not start with C(#) get one. Not used with O(src).
    type: str
  owner:
    description:
      - Owner of source and index, name or number. Without it an existing source keeps its owner.
    type: str
  group:
    description:
      - Group of source and index, name or number. Without it an existing source keeps its group.
    type: str
  mode:
    description:
      - Permissions of source and index as a quoted octal number of four digits.
      - The default is V("0644"), with O(secret=true) V("0600").
    type: str
  secret:
    description:
      - The values are secrets. They are kept out of results and messages, the diff names the keys that change but not
        the values, and the files are readable by their owner only unless O(mode) says otherwise.
    type: bool
    default: false
  state:
    description:
      - V(absent) removes the source and every index beside it.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - postmaster.mail._attributes
  - postmaster.mail._attributes.full
  - postmaster.mail._attributes.actiongroup_mail
  - postmaster.mail._postfix
notes:
  - In check mode on a host without Postfix the table is checked as far as this is possible without Postfix, and the
    type V(hash) is assumed if none is given.
seealso:
  - name: Postfix lookup table overview
    description: Postfix on table types.
    link: https://www.postfix.org/DATABASE_README.html
author:
  - The postmaster.mail authors (@postmaster-mail)
"""

EXAMPLES = r"""
- name: Virtual aliases
  postmaster.mail.postfix_map:
    path: /etc/postfix/virtual
    entries:
      postmaster@example.org: alice@example.org
      sales@example.org:
        - alice@example.org
        - bob@example.org

- name: Header checks, where the order matters
  postmaster.mail.postfix_map:
    path: /etc/postfix/header_checks
    type: regexp
    entries:
      - pattern: '/^Received:.*\[192\.0\.2\.1\]/'
        value: IGNORE
      - pattern: '/^Subject: .*lottery/'
        value: REJECT not here

- name: System aliases
  postmaster.mail.postfix_map:
    path: /etc/aliases
    format: aliases
    entries:
      postmaster: root
      root: alice@example.org

- name: Several tables at once, one of them with passwords
  postmaster.mail.postfix_map:
    maps:
      - path: /etc/postfix/transport
        entries:
          example.net: smtp:[192.0.2.25]:25
      - path: /etc/postfix/sasl_passwd
        secret: true
        entries:
          "[smtp.example.net]:587": "relay:{{ vault_relay_password }}"
  register: tables

- name: Use a table
  postmaster.mail.postconf_param:
    params:
      transport_maps: "{{ tables.maps[0].table }}"

- name: Remove a table and its index
  postmaster.mail.postfix_map: {path: /etc/postfix/virtual, state: absent}
"""

RETURN = r"""
maps:
  description: The tables of the task, in its order.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The source file.
      type: str
      sample: /etc/postfix/virtual
    type:
      description: The table type, as given or as the installed Postfix chose it.
      type: str
      sample: hash
    table:
      description: The name under which a parameter of Postfix refers to the table.
      type: str
      sample: hash:/etc/postfix/virtual
    changed:
      description: Whether this table was changed.
      type: bool
    count:
      description: The number of entries, 0 if the table is absent.
      type: int
      sample: 2
    reload_needed:
      description: Whether a running Postfix must be reloaded to see the change; so for a changed table without index.
      type: bool
    removed:
      description: Files that were removed, such as the index of a former type.
      type: list
      elements: str
      sample: []
    kept:
      description: Index files of a former type that stay because the configuration still refers to them.
      type: list
      elements: str
      sample: []
reload_needed:
  description: Whether any table needs a reload of Postfix.
  returned: success
  type: bool
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.postmaster.mail.plugins.module_utils._map_types import MapTypeError, MapTypes, read_map_types
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_index import TableTools
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_map import (
    MapError,
    MapPlan,
    MapWish,
    apply_plan,
    plan_map,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_map_diff import describe
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_map_options import (
    build_wish,
    describe_result,
    hide_arguments,
    secret_values,
    table_options,
)
from ansible_collections.postmaster.mail.plugins.module_utils._runner import ModuleRunner

_TYPES = ["hash", "lmdb", "cdb", "btree", "texthash", "regexp", "pcre", "cidr"]


class Host:
    """The Postfix of the target: its programs, and what they say about table types and configuration."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module
        self._runner = ModuleRunner(module)
        self._config_dir: str | None = module.params["config_dir"]
        self._postconf = module.get_bin_path("postconf")
        self.types = self._read_types()

    def _read_types(self) -> MapTypes | None:
        if self._postconf is None:
            if not self._module.check_mode:
                self._module.fail_json(
                    msg="Cannot find postconf. Install Postfix before its lookup tables are written."
                )
            self._module.warn(
                "Postfix is not installed yet; tables are checked without it and the type hash is assumed."
            )
            return None
        try:
            return read_map_types(self._runner, self._postconf, self._config_dir)
        except MapTypeError as error:
            self._module.fail_json(msg=f"{str(error)[0].upper()}{str(error)[1:]}")

    def tools(self) -> TableTools | None:
        """Return postmap and postalias, or None where Postfix is not installed."""
        if self.types is None:
            return None
        return TableTools(
            runner=self._runner,
            postmap=self._module.get_bin_path("postmap", required=True),
            postalias=self._module.get_bin_path("postalias", required=True),
            config_dir=self._config_dir,
        )

    def config_text(self) -> str:
        """Return the explicit parameters of main.cf and master.cf with their references expanded."""
        if self._postconf is None:
            return ""
        base = [self._postconf] if self._config_dir is None else [self._postconf, "-c", self._config_dir]
        return "".join(self._runner.run([*base, *options]).stdout for options in (["-n", "-x"], ["-P", "-x"]))


def make_plan(module: AnsibleModule, wish: MapWish, host: Host) -> MapPlan:
    """Plan one table. A missing directory is an error, in check mode only a warning."""
    tools = host.tools()
    directory = os.path.dirname(os.path.realpath(wish.path))
    if wish.present and not os.path.isdir(directory):
        if not module.check_mode:
            raise MapError(f"{wish.path}: the directory {directory} does not exist. Nothing was changed.")
        module.warn(f"{wish.path}: the directory {directory} does not exist yet.")
    return plan_map(wish, tools, host.config_text, staging=module.tmpdir if module.check_mode else None)


def run(module: AnsibleModule) -> None:
    """Plan every table, then write what differs. Raises MapError, OSError."""
    tables = table_options(module.params)
    # The options are declared no_log so that nothing of them is logged; of the results only secrets are masked.
    module.no_log_values.clear()
    for options in tables:
        if options["secret"] and options.get("entries") is not None:
            module.no_log_values.update(secret_values(options["entries"]))
    hide_arguments(module.params)
    paths = [options["path"] for options in tables]
    for path in paths:
        if paths.count(path) > 1:
            raise MapError(f"{path}: the same table is given twice.")
    host = Host(module)
    wishes = [build_wish(options, host.types, check_mode=module.check_mode) for options in tables]
    plans = [make_plan(module, wish, host) for wish in wishes]
    if not module.check_mode:
        for plan in plans:
            if plan.changed:
                apply_plan(plan)
    result: dict[str, t.Any] = {
        "changed": any(plan.changed for plan in plans),
        "maps": [describe_result(plan) for plan in plans],
        "reload_needed": any(plan.reload_needed for plan in plans),
    }
    if module._diff:
        result["diff"] = [part for plan in plans for part in describe(plan)]
    module.exit_json(**result)


def main() -> None:
    """Entry point."""
    table_spec: dict[str, t.Any] = {
        "path": {"type": "path"},
        "entries": {"type": "raw"},
        "src": {"type": "path"},
        "type": {"type": "str", "choices": _TYPES},
        "format": {"type": "str", "choices": ["postmap", "aliases"]},
        "header": {"type": "str"},
        "owner": {"type": "str"},
        "group": {"type": "str"},
        "mode": {"type": "str"},
        "secret": {"type": "bool", "no_log": False},
        "state": {"type": "str", "choices": ["present", "absent"]},
    }
    module = AnsibleModule(
        argument_spec={
            **table_spec,
            "entries": {"type": "raw", "no_log": True},
            "format": {**table_spec["format"], "default": "postmap"},
            "secret": {**table_spec["secret"], "default": False},
            "state": {**table_spec["state"], "default": "present"},
            "maps": {
                "type": "list",
                "elements": "dict",
                "no_log": True,
                "options": {**table_spec, "path": {"type": "path", "required": True}},
            },
            "config_dir": {"type": "path"},
        },
        mutually_exclusive=[("maps", "path"), ("maps", "entries"), ("maps", "src"), ("entries", "src")],
        required_one_of=[("maps", "path")],
        supports_check_mode=True,
    )
    try:
        run(module)
    except MapError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"Cannot read or write {error.filename}: {error.strerror}.")


if __name__ == "__main__":
    main()
