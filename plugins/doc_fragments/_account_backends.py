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
      - V(sql) keeps them in the tables C(accounts) and C(app_passwords) of O(database), which are created and brought
        up to date by what writes into them. The columns C(active), C(quota_bytes), C(allow_nets) and C(expires) stand
        for what a passwd-file has extra fields for.
      - V(system) makes each account a Unix user without a shell. The user is named after the local part, so that no two
        accounts can have the same, and only local parts of lower case letters, digits, dots, hyphens and underscores
        will do. The password is in C(/etc/shadow), the name in the GECOS field, the day on which it expires is that of
        the user as well, and all else is in the file O(path), without a password.
      - V(ldap) keeps them in entries of O(directory). An entry keeps what it has besides the attributes of an account.
        C(extra_fields) of an account cannot be kept there, and what has no attribute in O(directory.attributes).
    type: str
    choices: [passwd_file, sql, ldap, system]
    default: passwd_file
  directory:
    description:
      - The directory and the entry that may write into it. The tools of OpenLDAP are needed on the target (Debian,
        C(ldap-utils)).
      - A new account gets the entry C(<address attribute>=<address>,<base>).
      - All changes of a task are one transaction (RFC 5805), except that entries are removed one by one after it.
        There, and on a server without transactions, a change that fails ends the task. The error names the entry, and
        says how many changes have been made before it.
    type: dict
    suboptions:
      uris:
        description: The servers, which are tried in this order, such as V(ldaps://ldap.example.org).
        type: list
        elements: str
        required: true
      base:
        description: The existing entry below which the accounts are.
        type: str
        required: true
      starttls:
        description: Whether TLS is started on the connection before anything is said. Set it to V(false) for C(ldaps).
        type: bool
        default: true
      ca_file:
        description: The authorities that may have signed the certificate of the server, if not those of the system.
        type: path
      bind_dn:
        description:
          - The entry to log in as. It has to be able to read the hashes of passwords, or each run sets them anew.
        type: str
      bind_password:
        description: Its password. It is given to the tools in a file that only root reads.
        type: str
      user_filter:
        description:
          - The filter that finds an account by its address, which V(%s) stands for; V(%u) and V(%d) are what is before
            and after the V(@). All entries that it finds for some address are accounts, for C(purge) too.
        type: str
        default: (&(objectClass=inetOrgPerson)(mail=%s))
      object_classes:
        description: The object classes that entries of accounts get, unless they have them.
        type: list
        elements: str
        default: [inetOrgPerson]
      attributes:
        description: The names of attributes. An empty one says that there is none, and asking for what it holds fails.
        type: dict
        suboptions:
          address:
            description: The address. An entry has one value.
            type: str
            default: mail
          name:
            description: The name of the person. A new entry has it as C(cn) and C(sn), too.
            type: str
            default: displayName
          password:
            description:
              - The password, hashed by C(SHA512-CRYPT) unless C(scheme) says otherwise, and stored as the scheme that
                OpenLDAP calls C({CRYPT}). Hashes of Argon2 need its module C(argon2) on the server.
            type: str
            default: userPassword
          home:
            description: The home, where it is not the usual one.
            type: str
            default: ""
          quota:
            description: The size limit in bytes.
            type: str
            default: ""
          disabled:
            description: V(TRUE) for a disabled account.
            type: str
            default: ""
          allow_nets:
            description: The networks that logins may come from, with commas between them.
            type: str
            default: ""
          expires:
            description:
              - The day from which on logins are refused, as a generalized time. Neither Dovecot nor the directory looks
                at it, so that something has to set the attribute C(disabled) then, which is needed, too; the role
                P(postmaster.mail.accounts#role) has a timer for that.
            type: str
            default: ""
          app_passwords:
            description:
              - The object class of entries of app passwords, which are right below that of their account. It is
                C(postmasterMailAppPassword) where the server has the schema C(postmaster-mail.ldif) of the role
                P(postmaster.mail.accounts#role).
            type: str
            default: ""
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
  system_group:
    description:
      - The existing group whose users are mail accounts, with O(backend=system). It is the primary group of users that
        are created. They are removed with their account, by C(userdel), which leaves the home alone.
      - A user who is in it besides another group can be an account, too, and keeps shell, home and own expiry; when
        the account is removed, the user only leaves the group.
      - A user who is not in it is never touched; an account of that name is an error.
    type: str
    default: mailusers
  system_pam_service:
    description: The service of PAM that Dovecot asks to check logins, with O(backend=system).
    type: str
    default: postmaster-mail
"""
