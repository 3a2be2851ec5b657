# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Asking libsasl whether a password is the one in a sasldb, since none of its programs answers that."""

from __future__ import annotations

import ctypes
import typing as t

_LIBRARY = "libsasl2.so.2"
_OK = 0
_FAIL = -1
_GETOPT_ID = 1
_LIST_END_ID = 0

_GetOption = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.POINTER(ctypes.c_char_p),
    ctypes.POINTER(ctypes.c_uint),
)


class _Callback(ctypes.Structure):
    """sasl_callback_t of sasl.h."""

    _fields_: t.ClassVar = [("id", ctypes.c_ulong), ("proc", _GetOption), ("context", ctypes.c_void_p)]


class LibsaslError(Exception):
    """The library is missing or does not start."""


class PasswordChecker:
    """Looks passwords up as an SMTP server with the auxiliary property plugin sasldb does."""

    def __init__(self) -> None:
        self._options: dict[bytes, bytes] = {
            b"pwcheck_method": b"auxprop",
            b"auxprop_plugin": b"sasldb",
            b"mech_list": b"PLAIN",
            b"log_level": b"0",
        }
        try:
            self._library = ctypes.CDLL(_LIBRARY)
        except OSError as error:
            raise LibsaslError(f"Cannot load {_LIBRARY}: {error}. Install Cyrus SASL.") from error
        # libsasl keeps pointers to both as long as the process lives.
        self._get_option = _GetOption(self._answer)
        self._callbacks = (_Callback * 2)(
            _Callback(_GETOPT_ID, self._get_option, None), _Callback(_LIST_END_ID, _GetOption(), None)
        )
        status = self._library.sasl_server_init(self._callbacks, b"postmaster")
        if status != _OK:
            raise LibsaslError(f"libsasl does not start: error {status} of sasl_server_init.")

    def __call__(self, path: str, login: str, password: str) -> bool:
        """Return whether login (with its realm) has this password in the database at path. Raises LibsaslError."""
        self._options[b"sasldb_path"] = path.encode()
        connection = ctypes.c_void_p()
        name, secret = login.encode(), password.encode()
        status = self._library.sasl_server_new(
            b"smtp", b"localhost", None, None, None, None, 0, ctypes.byref(connection)
        )
        if status != _OK:
            raise LibsaslError(f"libsasl does not start: error {status} of sasl_server_new.")
        try:
            answer: int = self._library.sasl_checkpass(connection, name, len(name), secret, len(secret))
        finally:
            self._library.sasl_dispose(ctypes.byref(connection))
        return answer == _OK

    def _answer(self, _context: object, _plugin: object, option: bytes, result: t.Any, length: t.Any) -> int:
        value = self._options.get(option)
        if value is None:
            return _FAIL
        result[0] = value
        if length:
            length[0] = len(value)
        return _OK
