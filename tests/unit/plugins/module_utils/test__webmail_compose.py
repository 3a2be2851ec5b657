# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the variables of role webmail to what is served."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._webmail_compose import (
    Composition,
    CompositionError,
    compose,
)

HOST: dict[str, t.Any] = {
    "data": "/var/lib/webmail",
    "mysql_socket": "/run/mysqld/mysqld.sock",
    "known_plugins": ["archive", "help"],
    "foreign_names": [],
    "des_key": "k" * 32,
    "database_password": "made-up",
}
VARIABLES: dict[str, t.Any] = {
    "acme_challenge": "",
    "database": "sqlite",
    "database_ca_file": "/etc/ssl/ca.crt",
    "database_host": "",
    "database_manage_server": True,
    "database_name": "webmail",
    "database_password": "",
    "database_port": 0,
    "database_tls": False,
    "database_user": "webmail",
    "domain": "example.org",
    "engine": "roundcube",
    "hostname": "mail.example.org",
    "hsts_days": 365,
    "imap_host": "localhost",
    "imap_port": 993,
    "language": "",
    "login_address_attempts": 20,
    "login_address_minutes": 10,
    "login_attempts": 3,
    "logo": "",
    "managesieve": True,
    "message_size_limit": 10485760,
    "packages": [],
    "password": {},
    "password_change": False,
    "path": "/",
    "plugins": [],
    "product_name": "Webmail",
    "remote_images": False,
    "server": "nginx",
    "session_minutes": 30,
    "settings": {},
    "sieve_host": "localhost",
    "sieve_port": 4190,
    "sites": [],
    "skin": "elastic",
    "smtp_host": "localhost",
    "smtp_port": 465,
    "squirrelmail_charset": "",
    "squirrelmail_data_dir": "",
    "squirrelmail_hash_level": 0,
    "tls_ca_file": "",
    "tls_certificates": [{"name": "mail.example.org", "names": ["imap.example.org"]}],
    "tls_directory": "/etc/postmaster/tls",
    "tls_name": "mail.example.org",
    "tls_profile": "intermediate",
}


def composed(**changes: t.Any) -> Composition:
    return compose({**VARIABLES, **changes}, HOST)


def config(composition: Composition, name: str = "config.inc.php") -> str:
    return next(file["content"] for file in composition.files if file["name"] == name)


def test_the_host_itself_is_served_with_its_certificate() -> None:
    composition = composed()
    assert [site.hostname for site in composition.sites] == ["mail.example.org"]
    assert composition.sites[0].certificate == "/etc/postmaster/tls/mail.example.org/fullchain.pem"
    assert composition.base == ""
    assert [other.names for other in composition.other_names] == [["imap.example.org"]]


def test_a_path_is_the_beginning_of_every_address() -> None:
    composition = composed(path="/webmail")
    assert composition.base == "/webmail"
    assert "$config['session_path'] = '/webmail/';" in config(composition)


def test_each_site_has_its_certificate_and_its_look() -> None:
    composition = composed(
        sites=[{"hostname": "post.example.com", "domain": "example.com", "product_name": "Post", "language": "de_DE"}],
        tls_certificates=[{"name": "mail.example.org"}, {"name": "other", "names": ["*.example.com"]}],
    )
    assert [site.hostname for site in composition.sites] == ["mail.example.org", "post.example.com"]
    assert composition.sites[1].key == "/etc/postmaster/tls/other/privkey.pem"
    name = composition.sites[1].config_file
    assert f"'post.example.com' => '{name}'" in config(composition)
    assert "$config['username_domain'] = 'example.com';" in config(composition, name)
    assert "$config['language'] = 'de_DE';" in config(composition, name)
    assert r"'^post\\.example\\.com$'" in config(composition)


def test_names_that_others_serve_are_left_to_them() -> None:
    composition = compose(VARIABLES, {**HOST, "foreign_names": ["imap.example.org"]})
    assert composition.other_names == []


def test_browsers_load_nothing_from_elsewhere_unless_asked_to() -> None:
    assert "http" not in composed().headers["Content-Security-Policy"]
    assert "img-src 'self' data: blob: https:" in composed(remote_images=True).headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in composed(hsts_days=0).headers


@pytest.mark.parametrize(
    ("changes", "source"),
    [
        ({}, "sqlite:////var/lib/webmail/roundcube.sqlite?mode=0600"),
        ({"database": "pgsql"}, "pgsql://webmail:made-up@127.0.0.1/webmail"),
        ({"database": "mysql"}, "mysql://webmail:made-up@unix(/run/mysqld/mysqld.sock)/webmail"),
        (
            {
                "database": "pgsql",
                "database_host": "db.example.org",
                "database_port": 5433,
                "database_password": "p@ss/word",
                "database_manage_server": False,
                "database_tls": True,
            },
            "pgsql://webmail:p%40ss%2Fword@db.example.org:5433/webmail?sslmode=verify-full&sslrootcert=/etc/ssl/ca.crt",
        ),
        (
            {
                "database": "mysql",
                "database_host": "db.example.org",
                "database_password": "x",
                "database_manage_server": False,
                "database_tls": True,
            },
            "mysql://webmail:x@db.example.org/webmail?ca=/etc/ssl/ca.crt&verify_server_cert=true",
        ),
    ],
)
def test_where_the_database_is(changes: dict[str, t.Any], source: str) -> None:
    assert f"$config['db_dsnw'] = '{source}';" in config(composed(**changes))


def test_plugins_follow_what_there_is() -> None:
    assert composed(managesieve=False).plugins == [
        "postmaster_logins",
        "archive",
        "markasjunk",
        "newmail_notifier",
        "zipdownload",
    ]
    password = {"driver": "poppassd", "host": "unix:///run/x.sock", "port": 0, "minimum_length": 12}
    composition = composed(password=password, password_change=True, plugins=["help"])
    assert composition.plugins[-3:] == ["managesieve", "password", "help"]
    assert "$config['password_pop_host'] = 'unix:///run/x.sock';" in config(composition)
    assert "$config['password_minimum_length'] = 12;" in config(composition)
    assert composition.features == ["password", "sqlite", "zip"]


def test_settings_of_the_inventory_win() -> None:
    assert "$config['session_lifetime'] = 5;" in config(composed(settings={"session_lifetime": 5}))


def test_a_picture_is_served_under_a_name_of_its_own() -> None:
    composition = composed(path="/mail", logo="/home/admin/our logo.svg")
    assert composition.logos == [{"path": "/home/admin/our logo.svg", "name": "logo-our-logo.svg"}]
    assert "$config['skin_logo'] = '/mail/logo-our-logo.svg';" in config(composition)


def test_without_an_engine_there_are_sites_but_no_roundcube() -> None:
    composition = composed(engine="none", database="nothing")
    assert (composition.files, composition.plugins, composition.features) == ([], [], [])
    assert len(composition.sites) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"path": "webmail"}, "webmail_path is 'webmail': write / or a path that begins with a slash"),
        ({"path": "/webmail/"}, "webmail_path is '/webmail/'"),
        ({"engine": "horde"}, "webmail_engine is 'horde'"),
        ({"server": "iis"}, "webmail_server is 'iis'"),
        ({"tls_profile": "old"}, "webmail_tls_profile is 'old'"),
        ({"sites": [{"domain": "example.com"}]}, "'' is no name of a host"),
        ({"sites": [{"hostname": "a.example.org"}]}, "no certificate of tls_certificates is for a.example.org"),
        ({"sites": [{"hostname": "a.example.org", "key": "/k"}]}, "has a certificate or a key alone"),
        (
            {"sites": [{"hostname": "imap.example.org"}, {"hostname": "imap.example.org"}]},
            "webmail_sites names imap.example.org twice",
        ),
        ({"plugins": ["nonsense"]}, "webmail_plugins names nonsense, which the packages of Roundcube do not have"),
        ({"password_change": True}, "webmail_password names no driver"),
        ({"database": "oracle"}, "webmail_database is 'oracle'"),
        ({"database_host": "db.example.org"}, "webmail_database_host is given, but webmail_database is sqlite"),
        ({"database": "pgsql", "database_host": "db.example.org"}, "it can only be set up on this host"),
        ({"database": "mysql", "database_manage_server": False}, "webmail_database_password is missing"),
        ({"acme_challenge": "http-01-standalone"}, "needs port 80 at each renewal"),
        ({"skin": "larry2"}, "webmail_skin is 'larry2'"),
        ({"language": "german"}, "webmail_language is 'german'"),
        ({"session_minutes": -1}, "webmail_session_minutes is -1"),
        ({"logo": "/a/x.png", "sites": [{"hostname": "imap.example.org", "logo": "/b/x.png"}]}, "logo-x.png twice"),
    ],
)
def test_contradictions_are_named(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(CompositionError) as caught:
        composed(**changes)
    assert words in str(caught.value)
