# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What Roundcube is told: its settings, those of each host name, and where its database is."""

from __future__ import annotations

import dataclasses
import re
import typing as t
import urllib.parse

from ._php import settings_file
from ._role_variables import RoleVariables

BANNER = (
    "Written by the role postmaster.mail.webmail.",
    "What is changed here is gone after the next run: say it as webmail_settings.",
)
DATABASES = ("sqlite", "pgsql", "mysql")
# Always there: ours looks at who logs in from where.
LOGINS_PLUGIN = "postmaster_logins"
_STANDARD_PLUGINS = ("archive", "markasjunk", "newmail_notifier", "zipdownload")
# What plugins need of the system, as the vars of a platform name it.
PLUGIN_FEATURES: t.Mapping[str, str] = {"zipdownload": "zip", "password": "password"}
_SKINS = ("elastic", "larry", "classic")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")
_PRODUCT_SETTINGS = {"product_name": "product_name", "skin": "skin", "language": "language"}


@dataclasses.dataclass(frozen=True)
class Site:
    """A host name under which Roundcube is reached; config_file holds what differs from the host's own name."""

    hostname: str
    certificate: str
    key: str
    settings: dict[str, t.Any]
    config_file: str = ""


def plugins_of(wishes: RoleVariables) -> list[str]:
    """Return the plugins in the order in which Roundcube loads them."""
    plugins = [LOGINS_PLUGIN, *_STANDARD_PLUGINS]
    plugins += ["managesieve"] if wishes.flag("managesieve") else []
    plugins += ["password"] if wishes.flag("password_change") else []
    plugins += ["squirrelmail_usercopy"] if wishes.text("squirrelmail_data_dir") else []
    return list(dict.fromkeys([*plugins, *wishes.texts("plugins")]))


def check_roundcube(wishes: RoleVariables, host: t.Mapping[str, t.Any]) -> None:
    """Note what Roundcube could not work with."""
    if not wishes.texts("packages"):
        unknown = [name for name in wishes.texts("plugins") if name not in host["known_plugins"]]
        if unknown:
            wishes.fault(
                f"webmail_plugins names {', '.join(unknown)}, which the packages of Roundcube do not have: correct the "
                "name, or say in webmail_packages what brings it"
            )
    if wishes.flag("password_change") and not wishes.mapping("password").get("driver"):
        wishes.fault(
            "webmail_password_change is on, but webmail_password names no driver: set accounts_password_change, which "
            "offers one, or say how Roundcube's plugin password reaches yours"
        )
    for name, value in (
        ("skin", wishes.text("skin")),
        *(("sites", entry.get("skin")) for entry in wishes.entries("sites")),
    ):
        if value and value not in _SKINS:
            wishes.refuse(name, value, f"one of {', '.join(_SKINS)}")
    for name, value in (
        ("language", wishes.text("language")),
        *(("sites", entry.get("language")) for entry in wishes.entries("sites")),
    ):
        if value and not _LANGUAGE.fullmatch(str(value)):
            wishes.refuse(
                name, value, "a language as Roundcube names it, such as de_DE, or nothing for that of the browser"
            )
    for name in ("session_minutes", "login_attempts", "login_address_attempts", "login_address_minutes"):
        if wishes.number(name) < 0:
            wishes.refuse(name, wishes.number(name), "a number that is not negative")
    _check_database(wishes)


def _check_database(wishes: RoleVariables) -> None:
    driver = wishes.text("database")
    if driver not in DATABASES:
        wishes.refuse("database", driver, f"one of {', '.join(DATABASES)}")
        return
    if driver == "sqlite":
        for name in ("database_host", "database_password"):
            if wishes.text(name):
                wishes.fault(
                    f"webmail_{name} is given, but webmail_database is sqlite, which is a file: say pgsql or mysql"
                )
        return
    if wishes.text("database_host") and wishes.flag("database_manage_server"):
        wishes.fault(
            "webmail_database_manage_server is on, but the server is "
            f"{wishes.text('database_host')}: it can only be set up on this host, so leave one out"
        )
    if not wishes.flag("database_manage_server") and not wishes.text("database_password"):
        wishes.fault(
            "webmail_database_password is missing: the server is not set up by this role, so say the password of "
            f"{wishes.text('database_user')} there (and webmail_database_host, if it is another host)"
        )


def data_source(wishes: RoleVariables, host: t.Mapping[str, t.Any]) -> str:
    """Return the database as Roundcube names it."""
    driver = wishes.text("database")
    if driver == "sqlite":
        return f"sqlite:///{host['data']}/roundcube.sqlite?mode=0600"
    address = wishes.text("database_host")
    password = wishes.text("database_password") or str(host["database_password"])
    login = f"{_quoted(wishes.text('database_user'))}:{_quoted(password)}"
    where = f"unix({host['mysql_socket']})" if driver == "mysql" and not address else address or "127.0.0.1"
    port = wishes.number("database_port")
    options = ""
    if wishes.flag("database_tls"):
        ca_file = wishes.text("database_ca_file")
        options = (
            f"?ca={ca_file}&verify_server_cert=true"
            if driver == "mysql"
            else f"?sslmode=verify-full&sslrootcert={ca_file}"
        )
    return f"{driver}://{login}@{where}{f':{port}' if port else ''}/{_quoted(wishes.text('database_name'))}{options}"


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")


def roundcube_files(
    wishes: RoleVariables, host: t.Mapping[str, t.Any], sites: t.Sequence[Site], base: str
) -> list[dict[str, str]]:
    """Return the files of Roundcube's configuration folder, each with its name and content."""
    own = next((site for site in sites if not site.config_file), None)
    settings = {
        **_general(wishes, host, base),
        **_servers(wishes),
        **_look(_own_look(wishes), base),
        **(_look(own.settings, base) if own else {}),
        **_plugin_settings(wishes),
        "trusted_host_patterns": [f"^{re.escape(site.hostname)}$" for site in sites],
        "include_host_config": {site.hostname: site.config_file for site in sites if site.config_file} or False,
        **wishes.mapping("settings"),
    }
    files = [{"name": "config.inc.php", "content": settings_file(BANNER, settings)}]
    files += [
        {"name": site.config_file, "content": settings_file(BANNER, _look(site.settings, base))}
        for site in sites
        if site.config_file
    ]
    return files


def _own_look(wishes: RoleVariables) -> dict[str, t.Any]:
    """Return how Roundcube looks where a site says nothing else."""
    return {name: wishes.raw(name) for name in ("product_name", "logo", "skin", "language", "domain")}


def _general(wishes: RoleVariables, host: t.Mapping[str, t.Any], base: str) -> dict[str, t.Any]:
    limit = wishes.number("message_size_limit")
    return {
        "db_dsnw": data_source(wishes, host),
        "des_key": host["des_key"],
        "cipher_method": "AES-256-CBC",
        "log_driver": "syslog",
        "syslog_id": "roundcube",
        "log_logins": True,
        "temp_dir": f"{host['data']}/temp",
        "enable_installer": False,
        "use_https": True,
        "session_path": f"{base}/",
        "session_lifetime": wishes.number("session_minutes"),
        "session_samesite": "Lax",
        "login_autocomplete": 2,
        "login_rate_limit": wishes.number("login_attempts"),
        "login_lc": 2,
        "proxy_whitelist": [],
        "x_frame_options": "sameorigin",
        "useragent": "",
        "max_message_size": limit if limit else "0",
        "plugins": plugins_of(wishes),
        "mime_param_folding": 0,
        "identities_level": 0,
        "quota_zero_as_unlimited": True,
        "preview_pane": True,
        "show_images": 0,
        "htmleditor": 0,
    }


def _servers(wishes: RoleVariables) -> dict[str, t.Any]:
    trust: dict[str, t.Any] = {"verify_peer": True, "verify_peer_name": True, "peer_name": wishes.text("tls_name")}
    if wishes.text("tls_ca_file"):
        trust["cafile"] = wishes.text("tls_ca_file")
    options = {"ssl": trust}
    return {
        "imap_host": f"ssl://{wishes.text('imap_host')}:{wishes.number('imap_port')}",
        "imap_conn_options": options,
        "smtp_host": f"ssl://{wishes.text('smtp_host')}:{wishes.number('smtp_port')}",
        "smtp_user": "%u",
        "smtp_pass": "%p",
        "smtp_helo_host": wishes.text("hostname"),
        "smtp_conn_options": options,
        "managesieve_host": f"tls://{wishes.text('sieve_host')}:{wishes.number('sieve_port')}",
        "managesieve_conn_options": options,
        # A page of its own for being away, beside the one for filters.
        "managesieve_vacation": 1,
    }


def _look(settings: t.Mapping[str, t.Any], base: str) -> dict[str, t.Any]:
    look: dict[str, t.Any] = {key: settings[name] for name, key in _PRODUCT_SETTINGS.items() if settings.get(name)}
    if settings.get("domain"):
        look["username_domain"] = look["mail_domain"] = settings["domain"]
    if settings.get("logo"):
        look["skin_logo"] = f"{base}/{logo_name(str(settings['logo']))}"
    return look


def logo_name(path: str) -> str:
    """Return the name under which a picture on the controller is served."""
    return "logo-" + re.sub(r"[^A-Za-z0-9._-]", "-", path.rsplit("/", 1)[-1])


def _plugin_settings(wishes: RoleVariables) -> dict[str, t.Any]:
    settings: dict[str, t.Any] = {
        "archive_mbox": "Archive",
        "drafts_mbox": "Drafts",
        "junk_mbox": "Junk",
        "sent_mbox": "Sent",
        "trash_mbox": "Trash",
        "newmail_notifier_basic": True,
        "markasjunk_spam_mbox": "Junk",
        "markasjunk_ham_mbox": "INBOX",
        "markasjunk_read_spam": True,
        "zipdownload_selection": True,
        f"{LOGINS_PLUGIN}_attempts": wishes.number("login_address_attempts"),
        f"{LOGINS_PLUGIN}_minutes": wishes.number("login_address_minutes"),
    }
    if wishes.flag("password_change"):
        settings.update(_password_settings(wishes.mapping("password")))
    if wishes.text("squirrelmail_data_dir"):
        settings["squirrelmail_driver"] = "file"
        settings["squirrelmail_data_dir"] = wishes.text("squirrelmail_data_dir")
        settings["squirrelmail_data_dir_hash_level"] = wishes.number("squirrelmail_hash_level")
        settings["squirrelmail_file_charset"] = wishes.text("squirrelmail_charset")
    return settings


def _password_settings(password: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    settings = {
        "password_driver": str(password.get("driver") or ""),
        "password_confirm_current": True,
        "password_minimum_length": int(password.get("minimum_length") or 8),
        "password_username_format": "%u",
    }
    if settings["password_driver"] == "poppassd":
        settings["password_pop_host"] = str(password.get("host") or "localhost")
        settings["password_pop_port"] = int(password.get("port") or 0)
    return {**settings, **(password.get("settings") or {})}
