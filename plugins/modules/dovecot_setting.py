#!/usr/bin/python

# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dovecot_setting
short_description: Manage a configuration file of Dovecot as a tree of settings
version_added: "1.0.0"
author: ["The postmaster.mail authors (@postmaster-mail)"]
description:
  - Writes one configuration file of Dovecot whole, from a tree of settings in the grammar of Dovecot 2.4.
    Where the installed Dovecot is a 2.3, the tree is translated. What has no counterpart there is an error.
  - The file is tried with C(doveconf) in a staged copy of the configuration directory before it replaces the live one.
    A tree with faults leaves every live file as it is, and the error names all faults that were found, each with its
    setting, cause and remedy.
  - Found beyond what C(doveconf) sees are users, groups, listener directories and files that do not exist, unknown
    authentication mechanisms and drivers, plug-ins that are not installed, two listeners on one port, variables and
    list references of Dovecot 2.3 (C(%u), C($mail_plugins), C(<file)), and a mode that is not octal.
  - A file that somebody else wrote is kept beside, with C(.orig) added to its name, when it is replaced.
  - The module reads back only files that it wrote itself, which start with a banner. In a file for Dovecot 2.3, the
    tree in the grammar of 2.4 stands in comments that start with C(#=), and the translation after it, so that editing
    one setting, or an upgrade to 2.4, starts from the tree and not from its translation.
  - Dovecot 2.3 keeps queries and passwords of SQL and LDAP in files beside. These are named after O(path)
    (C(dovecot.sql.conf.ext)), have mode C(0600), and are removed when the tree needs them no longer.
  - The running daemon is told of the change only with O(reload=true). Otherwise see RV(reload_required).
  - A tree that is written in the grammar of Dovecot 2.3, or has some names of it, is accepted on any version. It is
    converted, and a warning gives the form for 2.4. What has no successor there is an error that says what to do.
    Values of settings that both versions have are read as 2.3 reads them if nothing in the tree is of 2.4.
extends_documentation_fragment:
  - postmaster.mail._attributes
  - postmaster.mail._attributes.full
  - postmaster.mail._attributes.actiongroup_mail
options:
  settings:
    description:
      - The whole tree. A key is the name of a setting, or the head of a block as Dovecot 2.4 writes it, such as
        C(service auth) or C(unix_listener /var/spool/postfix/private/auth).
      - A dictionary is a block. A boolean becomes C(yes) or C(no), a list becomes its words with blanks between, line
        breaks in a text become one blank, and null leaves the setting out.
      - A list of dictionaries under C(passdb), C(userdb), C(namespace) or C(inet_listener) makes several blocks without
        a name, as Dovecot 2.3 has them.
      - Under the name of a boolean list such as C(mail_plugins), a dictionary of booleans edits the list that is
        inherited, a list or text replaces it.
      - The order is kept, except that C(protocol), C(local), C(remote) and C(local_name) blocks come last, as Dovecot
        wants.
      - A file that the module did not write is replaced.
    type: dict
  name:
    description:
      - A single setting, or the head of a block, to set or remove in the file at O(path). The rest of the tree stays.
      - The file must have been written by this module, or not exist.
    type: str
  value:
    description:
      - Value of O(name), in the same forms as in O(settings). Required unless O(state=absent).
    type: raw
  block:
    description: Heads of the blocks around O(name), the outermost first. Missing ones are added.
    type: list
    elements: str
    default: []
  state:
    description:
      - Whether O(name) is set. V(absent) removes it, and the blocks that this leaves empty.
      - V(absent) without O(name) removes the file itself, which must be a drop-in that the module wrote.
    type: str
    choices: [present, absent]
    default: present
  path:
    description:
      - The file. One that is called C(dovecot.conf) is the main file. Any other is a drop-in, which must be
        included by a C(dovecot.conf) in the same or a parent directory; there is a warning if nothing includes it.
      - The directory must exist.
    type: path
    default: /etc/dovecot/dovecot.conf
  config_version:
    description:
      - Value of C(dovecot_config_version), which freezes the defaults of the settings. Main file on Dovecot 2.4 only.
      - Without it, the file keeps the version that it has, and a new file gets V(2.4.0), which every Dovecot 2.4
        accepts. So an upgrade of the package changes no default by itself.
    type: str
  storage_version:
    description: Value of C(dovecot_storage_version), like O(config_version).
    type: str
  include_local:
    description: Whether the main file ends with C(!include_try local.conf), whose settings win.
    type: bool
    default: true
  validate:
    description:
      - Whether the tree is compared with the host and tried with C(doveconf). Faults of the tree itself are always
        reported.
      - In check mode, users, groups, directories and files that do not exist yet are warnings, not faults.
    type: bool
    default: true
  reload:
    description:
      - Whether a running Dovecot is told to read the files when they have changed.
      - It counts as done when the master process has read them and greets clients on all its ports. Otherwise the
        earlier files are put back, Dovecot is reloaded, or restarted if it died, and the task fails with the lines of
        the log.
      - Nothing is done where RV(restart_required) is true, and where Dovecot does not run.
    type: bool
    default: false
  owner:
    description: Owner of the file, as a name or number.
    type: str
    default: root
  group:
    description: Group of the file, as a name or number.
    type: str
    default: root
  mode:
    description:
      - Permissions of the file, in octal and quoted.
      - The default is V(0600) if the tree holds a secret, and V(0644) otherwise. Secrets are settings whose names end
        in C(password), C(secret), C(nonce), C(_key) or C(private_key). With one, a mode for all to read is refused.
    type: str
notes:
  - Must run as C(root).
  - Check mode on a host without Dovecot reports a change and warns that nothing was validated.
  - Full-text search (C(fts) and its languages) is left out on 2.3 with a warning, unless its driver is Solr.
seealso:
  - module: postmaster.mail.maildir_user
  - name: Dovecot settings
    description: Every setting of Dovecot 2.4.
    link: https://doc.dovecot.org/2.4.1/core/summaries/settings.html
"""

EXAMPLES = r"""
- name: Configure Dovecot
  postmaster.mail.dovecot_setting:
    settings:
      protocols: [imap, lmtp]
      ssl: required
      ssl_server_cert_file: /etc/ssl/certs/mail.example.org.pem
      ssl_server_key_file: /etc/ssl/private/mail.example.org.key
      mail_driver: maildir
      mail_path: ~/Maildir
      mail_uid: vmail
      namespace inbox:
        inbox: true
        mailbox Trash:
          special_use: \Trash
      passdb passwd-file:
        passwd_file_path: /etc/dovecot/users
      userdb static:
        fields:
          home: /srv/vmail/%{user}
      service auth:
        unix_listener /var/spool/postfix/private/auth:
          mode: "0600"
          user: postfix
      protocol lmtp:
        mail_plugins:
          sieve: true
    reload: true

- name: Close the port without implicit TLS
  postmaster.mail.dovecot_setting:
    block: [service imap-login, inet_listener imap]
    name: port
    value: 0

- name: Add settings to a configuration that is managed otherwise
  postmaster.mail.dovecot_setting:
    path: /etc/dovecot/conf.d/99-limits.conf
    settings:
      protocol imap:
        mail_max_userip_connections: 20

- name: Remove them
  postmaster.mail.dovecot_setting:
    path: /etc/dovecot/conf.d/99-limits.conf
    state: absent
"""

RETURN = r"""
path:
  description: The file.
  returned: always
  type: str
version:
  description: Version of the installed Dovecot, empty if there is none (check mode).
  returned: success
  type: str
grammar:
  description: Grammar of the file, V(2.3) or V(2.4).
  returned: success
  type: str
files:
  description: The files that were written or removed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Path of the file.
      type: str
    action:
      description: V(written) or V(removed).
      type: str
reload_required:
  description: Whether the content changed, so that a running Dovecot has to be told.
  returned: success
  type: bool
restart_required:
  description: Whether a setting changed that Dovecot follows on restart only, such as C(log_path) or C(base_dir).
  returned: success
  type: bool
reloaded:
  description: Whether a running Dovecot was reloaded, and proven to run with the new files.
  returned: success
  type: bool
log:
  description: Warnings and errors that Dovecot logged.
  returned: failure of the reload
  type: list
  elements: str
faults:
  description: What is wrong with the tree.
  returned: failure, if the tree is refused
  type: list
  elements: dict
  contains:
    setting:
      description: The setting with its blocks.
      type: str
    cause:
      description: What is wrong.
      type: str
    remedy:
      description: What to do.
      type: str
  sample:
    - setting: service auth { unix_listener /var/spool/postfix/private/auth { user } }
      cause: names the user postfix, which does not exist
      remedy: Create the user first.
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_daemon import Daemon
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_file import secrets_in
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_host import LocalHost
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_judge import (
    Installation,
    hide,
    judge_host,
    judge_tree,
    read_version,
    settings_without_certificate,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_plan import (
    Plan,
    PlanError,
    Request,
    compute,
    diff,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_task import ReloadError, carry_out, request_of
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import (
    Fault,
    TreeError,
)
from ansible_collections.postmaster.mail.plugins.module_utils._runner import ModuleRunner

_SBIN = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin"]


def _installation(module: AnsibleModule) -> Installation | None:
    """The installed Dovecot; None without one, which only check mode may go on with."""
    dovecot = module.get_bin_path("dovecot", opt_dirs=_SBIN)
    doveconf = module.get_bin_path("doveconf", opt_dirs=_SBIN)
    if dovecot is None or doveconf is None:
        if module.check_mode:
            return None
        module.fail_json(msg="The programs dovecot and doveconf are not on this host. Install Dovecot first.")
    version = read_version(ModuleRunner(module), dovecot)
    if not version.startswith(("2.3", "2.4")):
        module.fail_json(
            msg=f"{dovecot} --version names {version or 'no version'}. This module knows Dovecot 2.3 and 2.4."
        )
    return Installation(dovecot=dovecot, doveconf=doveconf, version=version)


def _refuse(module: AnsibleModule, faults: t.Sequence[Fault], secrets: t.Iterable[str]) -> t.NoReturn:
    hidden = sorted(secrets)
    texts = [hide(str(fault), hidden) for fault in dict.fromkeys(faults)]
    module.fail_json(
        msg=f"The settings for {module.params['path']} are refused, nothing was changed. " + " | ".join(texts),
        path=module.params["path"],
        faults=[
            {"setting": fault.setting, "cause": hide(fault.cause, hidden), "remedy": hide(fault.remedy, hidden)}
            for fault in dict.fromkeys(faults)
        ],
    )


def _judge(module: AnsibleModule, plan: Plan, request: Request, installation: Installation | None) -> None:
    """Refuse the plan if anything is wrong with it; warn of what is merely odd."""
    judgements = [judge_tree(plan, installation.grammar if installation else "2.4")]
    if plan.changed and module.params["validate"] and installation is not None:
        runner = ModuleRunner(module)
        judgements.append(judge_host(plan, request, installation, runner, LocalHost(), lenient=module.check_mode))
    faults = [fault for judgement in judgements for fault in judgement.faults]
    if faults:
        _refuse(module, faults, plan.secrets)
    for judgement in judgements:
        for warning in judgement.warnings:
            module.warn(hide(warning, plan.secrets))
    if settings_without_certificate(plan):
        module.warn("ssl is on and ssl_server_cert_file is not set: no client can start TLS.")


def _carry_out(module: AnsibleModule, plan: Plan, installation: Installation) -> bool:
    """Write the files, and reload if that is asked for. Returns whether Dovecot runs with them."""
    path = module.params["path"]
    doveadm = module.get_bin_path("doveadm", opt_dirs=_SBIN) or "doveadm"
    daemon = Daemon(ModuleRunner(module), doveadm, installation.doveconf)
    wanted = module.params["reload"] and plan.reload_required and not plan.restart_required
    running = daemon.running() if wanted else None
    try:
        carry_out(plan.changes, daemon, running, installation.dovecot)
    except OSError as error:
        module.fail_json(
            msg=f"Cannot write {error.filename or path}: {error.strerror}. Nothing was changed.", path=path
        )
    except ReloadError as error:
        after = f"They do not work either: {error.trouble}." if error.trouble else "Dovecot runs with them."
        module.fail_json(
            msg=hide(f"Dovecot did not take {path}: {error.cause}. The earlier files are back. {after}", plan.secrets),
            path=path,
            log=[hide(line, plan.secrets) for line in error.log],
        )
    return running is not None


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "settings": {"type": "dict"},
            "name": {"type": "str"},
            "value": {"type": "raw"},
            "block": {"type": "list", "elements": "str", "default": []},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "path": {"type": "path", "default": "/etc/dovecot/dovecot.conf"},
            "config_version": {"type": "str"},
            "storage_version": {"type": "str"},
            "include_local": {"type": "bool", "default": True},
            "validate": {"type": "bool", "default": True},
            "reload": {"type": "bool", "default": False},
            "owner": {"type": "str", "default": "root"},
            "group": {"type": "str", "default": "root"},
            "mode": {"type": "str"},
        },
        mutually_exclusive=[("settings", "name"), ("settings", "value")],
        required_by={"value": "name"},
        supports_check_mode=True,
    )
    path = module.params["path"]
    for key, data in (("", module.params["settings"]), (module.params["name"] or "", module.params["value"])):
        module.no_log_values.update(secrets_in(key, data))
    try:
        request = request_of(module.params)
        installation = _installation(module)
        plan = compute(request, installation.grammar if installation else "2.4")
    except TreeError as error:
        _refuse(module, error.faults, ())
    except PlanError as error:
        module.fail_json(msg=str(error), path=path)
    except OSError as error:
        module.fail_json(msg=f"Cannot read {error.filename or path}: {error.strerror}. Check the path.", path=path)
    if installation is None:
        module.warn("Dovecot is not installed, so nothing was validated and the file is shown in the grammar of 2.4.")
    _judge(module, plan, request, installation)
    reloaded = not module.check_mode and installation is not None and _carry_out(module, plan, installation)
    module.exit_json(
        changed=plan.changed,
        path=path,
        version=installation.version if installation else "",
        grammar=installation.grammar if installation else "2.4",
        files=[
            {"path": change.path, "action": "removed" if change.after is None else "written"} for change in plan.changes
        ],
        reload_required=plan.reload_required,
        restart_required=plan.restart_required,
        reloaded=reloaded,
        diff=diff(plan.changes),
    )


if __name__ == "__main__":
    main()
