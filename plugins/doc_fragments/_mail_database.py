# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Modules that write into a database.
    DOCUMENTATION = r"""
options:
  database:
    description:
      - The database and the user that may write into it and create tables.
      - A server needs the Python driver on the target, C(psycopg2) for V(pgsql) and C(pymysql) for V(mysql) (Debian,
        C(python3-psycopg2) and C(python3-pymysql)). SQLite needs nothing.
      - In check mode, a database that is not there yet is taken for an empty one, with a warning.
    type: dict
    suboptions:
      driver:
        description: SQLite, PostgreSQL, or MariaDB and MySQL.
        type: str
        choices: [sqlite, pgsql, mysql]
        required: true
      host:
        description:
          - Name or address of the server, or the absolute path of its socket; for PostgreSQL, of the socket's folder.
          - If not given, the server on this host.
        type: str
      port:
        description: Port of the server, if not the usual one.
        type: int
      name:
        description: Name of the database. Needed for a server.
        type: str
      user:
        description: User of the server. Needed for a server.
        type: str
      password:
        description: Password of that user.
        type: str
      tls:
        description:
          - Whether the connection to a server is encrypted. Its certificate has to be for O(database.host) and signed
            by one of O(database.ca_file), or nothing is said.
        type: bool
        default: false
      ca_file:
        description: The authorities that may have signed the certificate of the server. Needed for O(database.tls).
        type: path
      path:
        description: File of a database of SQLite, in a folder that exists. Needed for V(sqlite).
        type: path
"""
