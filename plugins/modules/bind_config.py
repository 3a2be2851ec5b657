#!/usr/bin/python

# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bind_config
short_description: Manage a BIND name server, its zones and their signing
version_added: "1.0.0"
description:
  - Writes the global options, TSIG keys, address lists, DNSSEC policies, views and zones of BIND 9.18 or later, and
    lets the running daemon use them.
  - Everything is first checked by C(named-checkzone) and C(named-checkconf -z) together with what else is configured,
    as it will be but in another place. What they refuse changes nothing; the error has their words and the line.
  - After a change the daemon is told by C(rndc), and asked whether it serves each zone with its serial. If it does not,
    all files are put back and the task fails.
  - The serial of a zone moves only when something else in the zone changes.
  - A zone with O(zones[].update_policy) or O(zones[].allow_update) is dynamic. Its file is written once, when the zone
    is new, and never again, because the records that count are then in the journal of C(named). Change it by updates.
  - A dynamic zone that is to become a static one is refused as long as its file is there.
  - C(named.conf.options) is written as a whole; the file that was found stays beside it with the ending
    C(.before-postmaster-mail). C(named.conf.local) gets one marked block, and other zones in it stay. With O(views),
    files that C(named.conf) includes besides these two are included in each view instead.
  - A zone that is no longer in O(zones) is no longer served, and its static file is removed. Keys and the files of
    dynamic zones are never removed.
options:
  state:
    description:
      - With V(absent) everything that this module wrote is removed, and C(named.conf.options) and C(named.conf) are
        again what they were before. The keys that sign zones and the files of dynamic zones stay, because they are
        nowhere else. Options besides the directories do not count then, and the daemon need not run.
    type: str
    default: present
    choices: [present, absent]
  options:
    description:
      - Statements of the C(options) clause, as a dictionary. Values are written as they stand, with quotation marks
        where BIND wants them; booleans become V(yes) and V(no), lists and dictionaries become lists and blocks in
        braces, and null leaves a statement out.
    type: dict
    default: {}
  statements:
    description: Further clauses, such as C(logging) or C(trust-anchors), in the form of O(options).
    type: dict
    default: {}
  keys:
    description: TSIG keys. They are written to a file that only root and the daemon can read.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the key, the same on both servers.
        type: str
        required: true
      algorithm:
        description: Algorithm of the key.
        type: str
        default: hmac-sha256
        choices: [hmac-sha256, hmac-sha384, hmac-sha512, hmac-sha224, hmac-sha1, hmac-md5]
      secret:
        description: The secret in base64, as C(tsig-keygen) makes it.
        type: str
        required: true
  acls:
    description: Named lists of addresses, networks, C(key NAME) or names of other lists.
    type: dict
    default: {}
  views:
    description: Views, in the order in which they are tried. With views every zone belongs to one of them.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the view.
        type: str
        required: true
      clients:
        description: Who gets this view - addresses, networks, C(key NAME) or names of O(acls).
        type: list
        elements: str
        default: [any]
      settings:
        description: Further statements of the view, in the form of O(options).
        type: dict
        default: {}
  config_directory:
    description: Directory of C(named.conf).
    type: path
    default: /etc/bind
  data_directory:
    description: Directory for zone files and keys, which C(named) may write to. Its parent must exist.
    type: path
    default: /var/lib/bind/postmaster-mail
  user:
    description: The user that C(named) runs as.
    type: str
    default: bind
  group:
    description: The group that C(named) runs as.
    type: str
    default: bind
  patience:
    description: How long to wait until C(named) serves a changed zone or has made a key, in seconds.
    type: int
    default: 30
extends_documentation_fragment:
  - postmaster.mail._attributes
  - postmaster.mail._attributes.full
  - postmaster.mail._attributes.actiongroup_mail
  - postmaster.mail._bind_zones
notes:
  - In check mode on a host without BIND only the data are checked.
seealso:
  - plugin: postmaster.mail.bind_composition
    plugin_type: filter
  - plugin: postmaster.mail.mail_dns_records
    plugin_type: filter
author:
  - The postmaster.mail authors (@postmaster-mail)
"""

EXAMPLES = r"""
- name: A signed zone that one other server copies
  postmaster.mail.bind_config:
    options:
      directory: '"/var/cache/bind"'
      recursion: false
    keys:
      - name: transfer
        secret: "{{ vault_transfer_key }}"
    zones:
      - name: example.org
        nameservers: [ns1.example.org, ns2.example.org]
        records: "{{ [] | postmaster.mail.mail_dns_records(extra=records, zones=['example.org']) }}"
        transfer_to: [key transfer]
        notify:
          - {address: 192.0.2.54, key: transfer}
        dnssec_policy: default
  vars:
    records:
      - {name: ns1.example.org, type: A, value: 192.0.2.53}
      - {name: ns2.example.org, type: A, value: 192.0.2.54}
  register: server

- name: What the registrar has to know
  ansible.builtin.debug:
    msg: "{{ server.ds | map(attribute='record') }}"

- name: Leave BIND as the distribution set it up
  postmaster.mail.bind_config:
    state: absent
"""

RETURN = r"""
files:
  description: Files that were written or removed.
  returned: success
  type: list
  elements: str
zones:
  description: The zones, in the order given.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name without final dot.
      type: str
      sample: example.org
    view:
      description: The view that it is in, empty without views.
      type: str
    type:
      description: Type of the zone.
      type: str
    file:
      description: Its file.
      type: str
      sample: /var/lib/bind/postmaster-mail/static/example.org.db
    serial:
      description:
        - The serial in the file. The one that is served is higher where C(named) signs. Null for a secondary, a
          forwarded zone and an existing dynamic one.
      type: int
    dynamic:
      description: Whether it is changed by updates.
      type: bool
    changed:
      description: Whether its file changed.
      type: bool
ds:
  description: A DS record for each key that the parent zone has to vouch for. Empty in check mode on a new server.
  returned: success
  type: list
  elements: dict
  contains:
    zone:
      description: The zone, absolute.
      type: str
    key_tag:
      description: Tag of the key.
      type: int
    algorithm:
      description: Number of the algorithm.
      type: int
    digest_type:
      description: Number of the digest type, 2 for SHA-256.
      type: int
    digest:
      description: The digest in hexadecimal digits.
      type: str
    record:
      description: The record as a zone file has it.
      type: str
      sample: example.org. IN DS 12345 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF
    parent:
      description: What C(named) knows of the record at the parent, such as V(hidden), V(rumoured) or V(omnipresent).
      type: str
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.postmaster.mail.plugins.module_utils._bind_apply import (
    BindError,
    Named,
    apply,
    check,
    find_tools,
    remove_folders,
)
from ansible_collections.postmaster.mail.plugins.module_utils._bind_config import Paths
from ansible_collections.postmaster.mail.plugins.module_utils._bind_dnssec import read_ds
from ansible_collections.postmaster.mail.plugins.module_utils._bind_grammar import BindDataError
from ansible_collections.postmaster.mail.plugins.module_utils._bind_model import parse_server
from ansible_collections.postmaster.mail.plugins.module_utils._bind_options import (
    argument_spec,
    describe_change,
    describe_ds,
    describe_zone,
)
from ansible_collections.postmaster.mail.plugins.module_utils._bind_plan import (
    find_owners,
    make_plan,
    make_removal,
)
from ansible_collections.postmaster.mail.plugins.module_utils._bind_zone import date_number
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError
from ansible_collections.postmaster.mail.plugins.module_utils._runner import ModuleRunner


def run(module: AnsibleModule) -> None:
    """Plan, check, apply. Raises BindError, BindDataError, DnsDataError, OSError."""
    paths = Paths(config=module.params["config_directory"], data=module.params["data_directory"])
    server = parse_server(module.params)
    tools = find_tools(module.get_bin_path)
    if tools is None and not module.check_mode:
        raise BindError("Cannot find named, named-checkconf, named-checkzone and rndc. Install BIND first.")
    owners = find_owners(module.params["user"], module.params["group"], required=tools is not None)
    runner = ModuleRunner(module)
    named = Named(runner, tools.rndc, module.params["patience"]) if tools else None
    plan = make_plan(server, paths, owners, date_number(time.time()), named.served if named else lambda *_zone: None)
    ds = read_ds(paths.dnssec_keys, {zone.zone.name for zone in plan.zones if zone.zone.signed})
    if tools is None or named is None:
        module.warn("BIND is not installed yet; the configuration is planned without the checks of its tools.")
    elif plan.changed:
        check(plan, runner, tools, module.tmpdir)
        if not module.check_mode:
            apply(plan, named, owners)
            ds = named.await_ds(plan)
    result = {
        "changed": plan.changed,
        "files": [change.path for change in plan.changes],
        "zones": [describe_zone(zone) for zone in plan.zones],
        "ds": [describe_ds(record) for record in ds],
    }
    if module._diff:
        result["diff"] = [describe_change(change) for change in plan.changes]
    module.exit_json(**result)


def remove(module: AnsibleModule) -> None:
    """Plan the removal, check what stays, apply. Raises BindError, BindDataError, OSError."""
    paths = Paths(config=module.params["config_directory"], data=module.params["data_directory"])
    tools = find_tools(module.get_bin_path)
    owners = find_owners(module.params["user"], module.params["group"], required=False)
    runner = ModuleRunner(module)
    named = Named(runner, tools.rndc, module.params["patience"]) if tools else None
    plan = make_removal(paths, owners)
    if plan.changed:
        if tools:
            check(plan, runner, tools, module.tmpdir)
        if not module.check_mode:
            apply(plan, named if named and named.answers() else None, owners)
            remove_folders(plan)
    result = {"changed": plan.changed, "files": [change.path for change in plan.changes], "zones": [], "ds": []}
    if module._diff:
        result["diff"] = [describe_change(change) for change in plan.changes]
    module.exit_json(**result)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        if module.params["state"] == "absent":
            remove(module)
        else:
            run(module)
    except (BindError, BindDataError, DnsDataError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"Cannot read or write {error.filename}: {error.strerror}.")


if __name__ == "__main__":
    main()
