# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # A list of mail accounts, which is a document of its own.
    DOCUMENTATION = r"""
options:
  users:
    description:
      - The accounts. Fails when an address is named twice.
      - Cannot be used together with O(address).
    type: list
    elements: dict
    suboptions:
      address:
        description:
          - The full address, which is also the login name. It is used in lower case.
          - The local part may hold letters, digits and the characters C(! & ' + - = ^ _ ~) with single dots between
            them. Dovecot refuses logins of names with characters that its setting C(auth_username_chars) does not
            list, by default all but letters, digits, C(-), C(_) and C(.).
          - An internationalised domain may be written as it is read; the account has the C(xn--) labels in its name.
        type: str
        required: true
      password:
        description:
          - The password in clear. It reaches C(doveadm) by standard input.
          - A new account needs O(users[].password) or O(users[].password_hash).
        type: str
      password_hash:
        description:
          - The stored form of the password with its scheme in front, as C(doveadm pw) prints it.
          - Saves the time for making and verifying hashes when there are thousands of accounts.
        type: str
      update_password:
        description: When the password of an existing account is set. The default is O(update_password).
        type: str
        choices: [always, on_create]
      quota:
        description:
          - The size limit of all mail of the account, in bytes or with one of the units V(K), V(M), V(G) and V(T)
            (powers of 1024).
          - V(0) is no limit, whatever the server's default is. Without this option the account keeps what it has.
        type: str
      home:
        description:
          - The directory that holds the Maildir and all else of the account; below O(mail_root).
          - The default is that of the existing account, else C(<mail_root>/<domain>/<local part>).
          - Mail is not moved when it changes.
        type: path
      state:
        description:
          - V(present) creates or enables the account.
          - V(disabled) refuses all logins, by IMAP, POP3 and for sending, while mail still arrives. The password is
            kept for the time when the account is V(present) again.
          - V(absent) removes the account. What happens to its mail is decided by O(users[].on_remove).
        type: str
        choices: [present, absent, disabled]
        default: present
      on_remove:
        description: What happens to the home of a removed account. The default is O(on_remove).
        type: str
        choices: [keep, archive, delete]
      name:
        description: The person's name. Without this option the account keeps what it has.
        type: str
      allow_nets:
        description:
          - Addresses and networks that logins may come from, or V(local) for local sockets. An empty list allows all.
          - Without this option the account keeps what it has.
        type: list
        elements: str
      extra_fields:
        description:
          - Further extra fields of the passwd-file, for example C(userdb_mail_path). V(null) removes a field, an
            empty string sets one without a value. A value cannot hold blanks. Dovecot expands variables in it.
          - Fields that are not named stay. Not for secrets, since the arguments of a task are logged.
        type: dict
      rename_from:
        description:
          - The address that the account had before. Its passwords, quota and home become those of the new address, and
            open sessions are closed. Once that is done, the option does nothing.
          - The home moves by one rename, unless it was not the default one of the old address and O(users[].home) is
            not given. Mail for the old address is refused from then on, unless an alias or another of the account's
            addresses has it.
          - Fails if both accounts, or both homes, exist.
        type: str
      expires:
        description:
          - The day, in UTC and as V(YYYY-MM-DD), from which on all logins are refused. Mail still arrives.
          - It is kept in the extra field C(expires), which Dovecot does not act on. This module locks an account whose
            day has come, and so does the timer of role P(postmaster.mail.accounts#role) by itself, at midnight.
          - V(never) removes the day. Without this option the account keeps what it has.
        type: str
      app_passwords:
        description:
          - Further passwords of the account, for programs that shall not have the password itself. Those that are not
            listed are removed; an empty list removes all. Without this option the account keeps what it has.
          - Dovecot needs one passdb for as many as an account has, see RV(passdbs), which roles
            P(postmaster.mail.accounts#role) and P(postmaster.mail.dovecot#role) see to. In a passwd-file they are kept
            in C(<path>.d/<protocol>.<slot>).
          - They do not work with mechanisms that do not send the password, such as C(CRAM-MD5).
          - An account that is V(disabled) or has expired refuses them too. When one is changed or removed, all open
            sessions of the account are closed.
        type: list
        elements: dict
        suboptions:
          name:
            description: What it is for, for example V(phone).
            type: str
            required: true
          password:
            description: The password in clear. A new one needs this or O(users[].app_passwords[].password_hash).
            type: str
          password_hash:
            description: Its stored form, see O(users[].password_hash).
            type: str
          services:
            description: What it lets in to. V(smtp) is for sending.
            type: list
            elements: str
            choices: [imap, pop3, smtp, sieve]
            default: [imap, pop3, smtp, sieve]
          allow_nets:
            description: Addresses and networks that logins with it may come from. An empty list allows all.
            type: list
            elements: str
            default: []
          state:
            description: V(absent) is the same as not listing it.
            type: str
            choices: [present, absent]
            default: present
      addresses:
        description: For P(postmaster.mail.mail_account_tables#filter), ignored here, so that one list serves both.
        type: list
        elements: str
      senders:
        description: See O(users[].addresses).
        type: list
        elements: str
      forward_to:
        description: See O(users[].addresses).
        type: list
        elements: str
      forward_keep_copy:
        description: See O(users[].addresses).
        type: bool
      delivery:
        description: See O(users[].addresses).
        type: str
        choices: [accept, suspend]
"""
