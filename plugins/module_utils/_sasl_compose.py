# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From the variables of role sasl to what its tasks take, or to a list of all contradictions in them."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ._role_variables import RoleVariables
from ._sasl_files import (
    AUTHDAEMOND_SERVICE,
    AUTHDAEMOND_SOCKET,
    COURIER_DROP_IN,
    COURIER_UNIT,
    SASLAUTHD_UNIT,
    authdaemond_units,
    courier_drop_in,
    directives,
    pam_service,
    saslauthd_unit,
)
from ._sasl_realms import asks_for_domain, mixed_up

# A client shows the password itself by these; all that a daemon behind libsasl can check.
_PLAINTEXT = ("PLAIN", "LOGIN")
_AUXPROP_DEFAULT = (*_PLAINTEXT, "SCRAM-SHA-1", "SCRAM-SHA-256")
_PLUGINS = {
    "PLAIN": ("plain", "plain"),
    "LOGIN": ("login", "plain"),
    "CRAM-MD5": ("crammd5", "md5"),
    "DIGEST-MD5": ("digestmd5", "md5"),
    **{f"SCRAM-SHA-{bits}": ("scram", "scram") for bits in ("1", "224", "256", "384", "512")},
}
_HOST = re.compile(r"[A-Za-z0-9.:_-]+")
_LOOPBACK = re.compile(r"localhost|127(\.[0-9]+){3}|::1")
_LOCALHOST = ("127.0.0.1", "::1")
_LDAP_URI = re.compile(r"(?P<scheme>ldaps?|ldapi)://(?P<host>\[[0-9A-Fa-f:.]+\]|[^/:\s]*)(:[0-9]+)?/?")
_PAM_NAME = re.compile(r"[A-Za-z0-9._-]+")


class CompositionError(Exception):
    """The variables contradict each other; the text lists every fault."""


class Variables(RoleVariables):
    """The variables of role sasl."""

    prefix = "sasl_"


@dataclasses.dataclass(frozen=True)
class File:
    """A file, and the unit that has to be restarted for it."""

    path: str
    content: str
    mode: str = "0644"
    unit: str = ""


@dataclasses.dataclass(frozen=True)
class Directory:
    """A directory that is root's and of a group."""

    path: str
    mode: str = "0755"
    group: str = "root"


@dataclasses.dataclass(frozen=True)
class Composition:
    """What the role asks its modules for."""

    postfix_params: dict[str, str]
    features: list[str] = dataclasses.field(default_factory=list)
    plugins: list[str] = dataclasses.field(default_factory=list)
    directories: list[Directory] = dataclasses.field(default_factory=list)
    files: list[File] = dataclasses.field(default_factory=list)
    units: list[str] = dataclasses.field(default_factory=list)
    socket: str = ""
    mechanism: str = ""
    database: str = ""
    # Where logins at Dovecot come from that it must not slow down, since they are those of all users.
    dovecot_trusted_networks: list[str] = dataclasses.field(default_factory=list)

    @property
    def kept(self) -> list[str]:
        """Every path of the role that this engine needs."""
        paths = [file.path for file in self.files] + [directory.path for directory in self.directories]
        return sorted({*paths, *([self.database] if self.database else [])})


def compose(variables: t.Mapping[str, t.Any], host: t.Mapping[str, t.Any]) -> Composition:
    """Return the composition.

    variables are those of the role without their prefix. host says what the platform and the target are like: queue
    (Postfix's queue directory), chroot (whether smtpd runs in it), config_path (where smtpd.conf is read), saslauthd
    (the program), authdaemond_socket (empty where there is no such daemon), authdaemond_runs (whether that daemon runs
    already), socket_proxy (of systemd), folder (of the role), directory (for the socket of saslauthd), ca_file,
    pam_rules, present (paths that exist), own (those of them that the role wrote) and rivals (files by which the
    distribution's saslauthd uses the same directory).
    Raises CompositionError.
    """
    faults: list[str] = []
    work = Work(Variables(variables, faults), host)
    engine = work.wishes.text("engine")
    composition = {"dovecot": _dovecot, "cyrus": _cyrus}.get(engine, _unknown)(work)
    if faults:
        raise CompositionError("; ".join(faults))
    return composition


@dataclasses.dataclass(frozen=True)
class Work:
    """What is wished for, and for which host."""

    wishes: Variables
    host: t.Mapping[str, t.Any]

    def inside(self, path: str) -> str:
        """Return a path as smtpd sees it from its chroot."""
        queue = str(self.host["queue"])
        return path[len(queue) :] if self.host["chroot"] and path.startswith(f"{queue}/") else path


def _unknown(work: Work) -> Composition:
    work.wishes.refuse("engine", work.wishes.text("engine"), "dovecot or cyrus")
    return Composition({})


def _dovecot(work: Work) -> Composition:
    wishes = work.wishes
    socket = wishes.text("dovecot_socket")
    path = socket if socket.startswith("/") else f"{work.host['queue']}/{socket}"
    if not socket.startswith("inet:") and not wishes.flag("dovecot_follows") and path not in work.host["present"]:
        wishes.fault(
            f"Dovecot has no socket {path}, and smtpd would say 'SASL: Connect to {socket} failed': run role "
            "postmaster.mail.dovecot later in the same play, or let your own Dovecot open the socket first (service "
            "auth, unix_listener, mode 0660, user and group postfix), or set sasl_engine to cyrus"
        )
    params = {"smtpd_sasl_type": "dovecot", "smtpd_sasl_path": socket}
    mechanisms = [name.upper() for name in wishes.texts("mechanisms")]
    if mechanisms:
        params["smtpd_sasl_mechanism_filter"] = ", ".join(mechanisms)
    return Composition({**params, **_realm(work)})


def _cyrus(work: Work) -> Composition:
    wishes = work.wishes
    smtpd_conf = f"{work.host['config_path']}/smtpd.conf"
    if smtpd_conf in work.host["present"] and smtpd_conf not in work.host["own"]:
        wishes.fault(
            f"{smtpd_conf} is not from this role and would decide how passwords are checked: move it away, "
            "then the role writes its own"
        )
    pwcheck = wishes.text("cyrus_pwcheck")
    makers = {"saslauthd": _saslauthd, "auxprop": _auxprop, "authdaemond": _authdaemond}
    if pwcheck not in makers:
        wishes.refuse("cyrus_pwcheck", pwcheck, "saslauthd, auxprop or authdaemond")
        return Composition({})
    mechanisms = _mechanisms(work, pwcheck)
    part, settings = makers[pwcheck](work)
    plugins = {_PLUGINS[name][0] for name in mechanisms}
    features = {_PLUGINS[name][1] for name in mechanisms}
    content = directives({"pwcheck_method": pwcheck, **settings, "mech_list": " ".join(mechanisms)})
    return dataclasses.replace(
        part,
        postfix_params={"smtpd_sasl_type": "cyrus", "smtpd_sasl_path": "smtpd", **part.postfix_params, **_realm(work)},
        features=sorted({*features, *part.features}),
        plugins=[f"lib{name}.so" for name in sorted({*plugins, *part.plugins})],
        directories=[Directory(str(work.host["config_path"])), *part.directories],
        files=[File(smtpd_conf, content), *part.files],
    )


def _realm(work: Work) -> dict[str, str]:
    realm = work.wishes.text("realm")
    return {"smtpd_sasl_local_domain": realm} if realm else {}


def _mechanisms(work: Work, pwcheck: str) -> list[str]:
    wishes = work.wishes
    wanted = [name.upper() for name in wishes.texts("mechanisms")]
    for name in wanted:
        if name not in _PLUGINS:
            wishes.fault(f"sasl_mechanisms has {name}: libsasl can check {', '.join(_PLUGINS)} with a password")
        elif pwcheck != "auxprop" and name not in _PLAINTEXT:
            wishes.fault(
                f"sasl_mechanisms has {name}, but {pwcheck} is shown the password and can serve "
                f"{' and '.join(_PLAINTEXT)} only: leave it out, or set sasl_cyrus_pwcheck to auxprop"
            )
    wishes.check_unique("mechanisms", wanted)
    return [name for name in wanted if name in _PLUGINS] or list(
        _AUXPROP_DEFAULT if pwcheck == "auxprop" else _PLAINTEXT
    )


def _saslauthd(work: Work) -> tuple[Composition, dict[str, str]]:
    wishes, host = work.wishes, work.host
    mechanism = wishes.text("saslauthd_mechanism")
    directory = wishes.text("saslauthd_directory") or str(host["directory"])
    for rival in host["rivals"]:
        wishes.fault(
            f"{rival} lets another saslauthd use {directory}, and two of them cannot share a socket: stop and disable "
            "that one and take the directory out of the file, or say another one in sasl_saslauthd_directory"
        )
    options: list[str] = []
    files: list[File] = []
    params: dict[str, str] = {}
    trusted: list[str] = []
    _check_accounts(wishes, mechanism)
    if mechanism == "pam":
        params, files = _pam(work)
    elif mechanism == "ldap":
        path = f"{host['folder']}/saslauthd.conf"
        files = [File(path, _ldap(work), mode="0600", unit=SASLAUTHD_UNIT)]
        options = ["-O", path]
    elif mechanism == "rimap":
        server, trusted = _rimap(work)
        options = ["-O", server]
    elif mechanism != "shadow":
        wishes.refuse("saslauthd_mechanism", mechanism, "pam, shadow, ldap or rimap")
    threads, cache = wishes.number("saslauthd_threads"), wishes.number("saslauthd_cache")
    if threads < 1:
        wishes.refuse("saslauthd_threads", threads, "the number of processes, at least 1")
    if wishes.flag("login_with_realm"):
        options.append("-r")
    if cache:
        # Without -t a password that is no longer good would be taken for eight hours.
        options += ["-c", "-t", str(cache)]
    command = [str(host["saslauthd"]), "-a", mechanism, "-m", directory, "-n", str(threads), *options]
    unit = File(f"/etc/systemd/system/{SASLAUTHD_UNIT}", saslauthd_unit(command, directory), unit=SASLAUTHD_UNIT)
    directories = [] if directory.startswith("/run/") else _private(directory)
    if mechanism == "ldap":
        directories.append(Directory(str(host["folder"])))
    composition = Composition(
        params,
        features=["saslauthd"],
        directories=directories,
        files=[unit, *files],
        units=[SASLAUTHD_UNIT],
        socket=f"{directory}/mux",
        mechanism=mechanism,
        dovecot_trusted_networks=trusted,
    )
    return composition, {"saslauthd_path": work.inside(f"{directory}/mux")}


def _check_accounts(wishes: Variables, mechanism: str) -> None:
    """Refuse accounts that saslauthd would take for one user."""
    if asks_for_domain(mechanism, wishes.flag("login_with_realm"), wishes.text("ldap_filter")):
        return
    for name, addresses in mixed_up(wishes.entries("accounts")).items():
        wishes.fault(
            f"saslauthd with {mechanism} is asked for {name} alone, so that one password would open each of "
            f"{', '.join(addresses)}: give them different names before the @, or use an engine that asks for the whole "
            "address (sasl_engine dovecot, sasl_cyrus_pwcheck auxprop, sasl_saslauthd_mechanism ldap or rimap with "
            "sasl_login_with_realm)"
        )


def _private(directory: str) -> list[Directory]:
    """A directory that only Postfix can pass, since who reaches the socket can try passwords on it."""
    return [Directory(directory.rpartition("/")[0]), Directory(directory, mode="0710", group="postfix")]


def _pam(work: Work) -> tuple[dict[str, str], list[File]]:
    wishes, host = work.wishes, work.host
    name = wishes.text("pam_service")
    if not _PAM_NAME.fullmatch(name):
        wishes.refuse("pam_service", name, "the name of a file in /etc/pam.d")
    path = f"/etc/pam.d/{name}"
    files = []
    if path not in host["present"] or path in host["own"]:
        files = [File(path, pam_service(wishes.texts("pam_rules") or host["pam_rules"]))]
    return ({} if name == "smtp" else {"smtpd_sasl_service": name}), files


def _ldap(work: Work) -> str:
    wishes = work.wishes
    servers = wishes.texts("ldap_servers")
    start_tls = wishes.flag("ldap_start_tls")
    if not servers:
        wishes.fault("sasl_ldap_servers is empty: name at least one server, as ldap://ldap.example.org or ldaps://")
    for server in servers:
        match = _LDAP_URI.fullmatch(server)
        if match is None:
            wishes.fault(f"sasl_ldap_servers has {server!r}: write ldap://, ldaps:// or ldapi:// and the host")
        elif match["scheme"] == "ldap" and not start_tls and not _LOOPBACK.fullmatch(match["host"].strip("[]")):
            wishes.fault(f"{server} would see passwords in clear: set sasl_ldap_start_tls, or use ldaps://")
        elif match["scheme"] != "ldap" and start_tls:
            wishes.fault(f"{server} knows no STARTTLS: unset sasl_ldap_start_tls")
    if not wishes.text("ldap_search_base"):
        wishes.fault("sasl_ldap_search_base is empty: say below which entry the users are")
    method = wishes.text("ldap_auth_method")
    if method not in ("bind", "custom", "fastbind"):
        wishes.refuse("ldap_auth_method", method, "bind, custom or fastbind")
    encrypted = start_tls or any(server.startswith("ldaps:") for server in servers)
    settings = {
        "ldap_servers": " ".join(servers),
        "ldap_version": "3",
        **({"ldap_start_tls": "yes"} if start_tls else {}),
        **(
            {"ldap_tls_check_peer": "yes", "ldap_tls_cacert_file": wishes.text("ldap_ca_file") or work.host["ca_file"]}
            if encrypted
            else {}
        ),
        "ldap_bind_dn": wishes.text("ldap_bind_dn"),
        "ldap_password": wishes.text("ldap_bind_password"),
        "ldap_search_base": wishes.text("ldap_search_base"),
        "ldap_scope": wishes.text("ldap_scope"),
        "ldap_filter": wishes.text("ldap_filter"),
        "ldap_auth_method": method,
        **{str(name): str(value) for name, value in wishes.mapping("ldap_settings").items()},
    }
    for name, value in settings.items():
        if value != value.strip() or "\n" in value:
            wishes.fault(f"{name} begins or ends with a blank or has several lines, which saslauthd cannot read")
    return directives({name: value for name, value in settings.items() if value})


def _rimap(work: Work) -> tuple[str, list[str]]:
    """Return the server, and the addresses that its questions come from if it is on this host."""
    wishes = work.wishes
    server, port = wishes.text("rimap_host"), wishes.number("rimap_port")
    if not _HOST.fullmatch(server):
        wishes.refuse("rimap_host", server, "the name or address of an IMAP server")
    elif not _LOOPBACK.fullmatch(server) and not wishes.flag("rimap_allow_cleartext"):
        wishes.fault(
            f"sasl_rimap_host is {server}: saslauthd speaks IMAP without TLS and would send passwords in clear over "
            "the network. Use an IMAP server or a tunnel on this host, or set sasl_rimap_allow_cleartext for a network "
            "of your own"
        )
    local = [*_LOCALHOST] if server == "localhost" else [server] if _LOOPBACK.fullmatch(server) else []
    return f"{server}/{port}", local


def _auxprop(work: Work) -> tuple[Composition, dict[str, str]]:
    wishes = work.wishes
    directory = f"{work.host['queue']}/var/lib/sasl"
    database = f"{directory}/sasldb2"
    users = wishes.entries("users")
    if not users:
        wishes.fault("sasl_users is empty: nobody could log in by sasldb")
    for number, user in enumerate(users, 1):
        name = str(user.get("name") or "")
        if not name:
            wishes.fault(f"sasl_users: entry {number} has no name")
        elif "@" not in name and not wishes.text("realm"):
            wishes.fault(f"sasl_users has {name} without a realm: write {name}@realm, or set sasl_realm")
    composition = Composition(
        {},
        features=["sasldb"],
        plugins=["sasldb"],
        directories=[
            Directory(f"{work.host['queue']}/var/lib"),
            Directory(directory, mode="0750", group="postfix"),
        ],
        database=database,
    )
    return composition, {"auxprop_plugin": "sasldb", "sasldb_path": work.inside(database)}


def _authdaemond(work: Work) -> tuple[Composition, dict[str, str]]:
    wishes, host = work.wishes, work.host
    if not host["authdaemond_socket"]:
        wishes.fault("sasl_cyrus_pwcheck is authdaemond, which this system does not package: use saslauthd or auxprop")
    directory = f"{host['queue']}/var/run/authdaemond"
    socket = f"{directory}/socket"
    listener, proxy = authdaemond_units(socket, str(host["authdaemond_socket"]), str(host["socket_proxy"]))
    params, files = _pam(work)
    # One that the administrator runs stays as it is; who has started it stops it again.
    started = COURIER_DROP_IN in host["own"] or not host["authdaemond_runs"]
    folder = COURIER_DROP_IN.rpartition("/")[0]
    composition = Composition(
        params,
        features=["authdaemond"],
        directories=[*_private(directory), *([Directory(folder)] if started else [])],
        files=[
            *([File(COURIER_DROP_IN, courier_drop_in())] if started else []),
            File(f"/etc/systemd/system/{AUTHDAEMOND_SOCKET}", listener, unit=AUTHDAEMOND_SOCKET),
            File(f"/etc/systemd/system/{AUTHDAEMOND_SERVICE}", proxy, unit=AUTHDAEMOND_SOCKET),
            *files,
        ],
        units=[*([COURIER_UNIT] if started else []), AUTHDAEMOND_SOCKET],
        socket=socket,
    )
    return composition, {"authdaemond_path": work.inside(socket)}
