# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import textwrap

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23 import external_paths, to_24
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_removed import minimum_protocol
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_variables import (
    has_variables,
    to_24 as variables_to_24,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_map import GLOBAL_ROWS, PLUGIN_ROWS
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, build, parse, render
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_variables import UnknownVariableError

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures"
SAMPLES = {
    "same": ("5", "5"),
    "literal": ("a%b", "a%b"),
    "invert": ("no", "yes"),
    "file": ("</x.pem", "/x.pem"),
    "list": ("a, b", "a b"),
    "zero": ("0", "unlimited"),
    "ciphers": ("no", "client"),
    "allow": ("allow", "yes"),
}
SQL = """
driver = mysql
connect = host=db1.example.org host=db2.example.org dbname=mail \\
  user=mail password=s3cret maxconns=5
password_query = SELECT password, CONCAT('*:storage=', quota, 'M') AS userdb_quota_rule FROM users WHERE a = '%Lu'
user_query = SELECT 'maildir:/srv/' || home AS mail, uid FROM users WHERE u = '%n' AND d = '%d'
iterate_query = SELECT username FROM users
"""
LDAP = """
hosts = ldap.example.org
dn = cn=reader
dnpass = s3cret
auth_bind = yes
base = dc=example, dc=org
pass_filter = (mail=%u)
user_attrs = homeDirectory=home, =uid=vmail, quota=quota_rule=*:bytes=%$
tls_require_cert = never
"""
OAUTH2 = """
tokeninfo_url = https://auth.example.org/?t=
client_secret = s3cret
username_format = %n
timeout_msecs = 500
pass_attrs = pass=%{oauth2:access_token}
"""
DICT = """
connect = /srv/shared.sqlite
map {
  pattern = shared/shared-boxes/user/$to/$from
  table = user_shares
  value_field = dummy
  fields {
    from_user = $from
    to_user = $to
  }
}
"""
FILES = {"/sql": SQL, "/ldap": LDAP, "/oauth2": OAUTH2, "/dict": DICT, "/trash": "1 Spam\n2 Trash\n"}


def text(body):
    return "\n".join(line.text for line in render(body))


def converted(source):
    result = to_24(parse(textwrap.dedent(source)), FILES)
    assert not result.without_successor, [str(fault) for fault in result.without_successor]
    return text(result.tree)


@pytest.mark.parametrize("row", [row for row in GLOBAL_ROWS if row.old != row.new], ids=lambda row: row.old)
def test_every_global_row(row):
    given, wanted = SAMPLES[row.how]
    assert converted(f"{row.old} = {given}") == f"{row.new} = {wanted}"
    wanted_inside = f"protocol imap {{\n  {row.new} = {wanted}\n}}"
    assert converted(f"protocol imap {{\n{row.old} = {given}\n}}") == wanted_inside


@pytest.mark.parametrize("row", PLUGIN_ROWS, ids=lambda row: row.old)
def test_every_plugin_row(row):
    given, wanted = SAMPLES[row.how]
    tree = converted(f"plugin {{\n{row.old} = {given}\n}}")
    if row.new == "sieve_plugins":
        assert "sieve_plugins {" in tree
    elif row.new == "quota_storage_grace":
        assert tree == "quota_storage_grace = 5k"
    else:
        assert tree == f"{row.new} = {wanted}"


TABLE = [
    ("mail_location = maildir:~/M", "mail_driver = maildir\nmail_path = ~/M"),
    (
        "mail_location = mdbox:/m/%d/%n:INDEX=/i/%u:LAYOUT=fs:UTF-8",
        "mail_driver = mdbox\nmail_path = /m/%{user | domain}/%{user | username}\n"
        "mail_index_path = /i/%{user}\nmailbox_list_layout = fs\nmailbox_list_utf8 = yes",
    ),
    ("verbose_ssl = yes", "log_debug = category=ssl"),
    ("ssl_protocols = !SSLv3 !TLSv1 !TLSv1.1", "ssl_min_protocol = TLSv1.2"),
    ("auth_worker_max_count = 9", "service auth-worker {\n  process_limit = 9\n}"),
    ("mail_plugins = $mail_plugins quota zlib", "mail_plugins {\n  quota = yes\n  mail_compress = yes\n}"),
    ("mail_home = /srv/%d/%n\nmail_location = maildir:~/M", None),
    (
        'mail_location = mbox:~/m\nmail_plugins = " quota acl"',
        "mail_driver = mbox\nmail_path = ~/m\nmail_plugins = quota acl",
    ),
    ("service x {\n  service_count = 0\n}", "service x {\n  restart_request_count = unlimited\n}"),
    ("service x {\n  idle_kill = 1 min\n}", "service x {\n  idle_kill_interval = 1 min\n}"),
    (
        "service x {\n  inet_listener {\n    port = 10143\n    address = 192.0.2.1\n  }\n}",
        "service x {\n  inet_listener port10143 {\n    port = 10143\n    listen = 192.0.2.1\n  }\n}",
    ),
    (
        "service imap {\n  service_count = 1\n  user = $default_internal_user\n}",
        "service imap {\n  restart_request_count = 1\n  user = $SET:default_internal_user\n}",
    ),
    (
        "passdb {\n  driver = passwd-file\n  args = scheme=plain username_format=%n /etc/u\n}",
        "passdb passwd-file {\n  default_password_scheme = PLAIN\n"
        "  auth_username_format = %{user | username}\n  passwd_file_path = /etc/u\n}",
    ),
    (
        "passdb {\n  driver = pam\n  args = session=yes *\n}",
        "passdb pam {\n  session = yes\n  service_name = %{protocol}\n}",
    ),
    (
        "passdb {\n  driver = pam\n}\npassdb {\n  args = /m\n  driver = passwd-file\n  master = yes\n  pass = yes\n}",
        "passdb pam {\n}\npassdb master {\n  driver = passwd-file\n  master = yes\n"
        "  result_success = continue\n  passwd_file_path = /m\n}",
    ),
    (
        "passdb {\n  driver = pam\n}\npassdb {\n  driver = pam\n  args = other\n}",
        "passdb pam {\n}\npassdb pam2 {\n  driver = pam\n  passdb_pam_service_name = other\n}",
    ),
    (
        "userdb {\n  driver = static\n  args = uid=vmail home=/srv/%d/%n mail=maildir:~/M quota_rule=*:bytes=5\n}",
        "userdb static {\n  fields {\n    uid = vmail\n    home = /srv/%{user | domain}/%{user | username}\n"
        "    mail_driver = maildir\n    mail_path = ~/M\n    quota_storage_size = 5B\n  }\n}",
    ),
    (
        "userdb {\n  driver = passwd\n  override_fields = home=/srv/%u\n  default_fields = gid=mail\n}",
        "userdb passwd {\n  fields {\n    gid:default = mail\n    home = /srv/%{user}\n  }\n}",
    ),
    (
        "passdb {\n  driver = lua\n  args = file=/x.lua blocking=yes\n}",
        "passdb lua {\n  lua_file = /x.lua\n  use_worker = yes\n}",
    ),
    (
        "passdb {\n  driver = imap\n  args = host=imap.example.org port=993 ssl=imaps\n}",
        "passdb imap {\n  imapc_host = imap.example.org\n  imapc_port = 993\n  imapc_ssl = imaps\n}",
    ),
    (
        "passdb {\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = /oauth2\n}",
        "oauth2 {\n  tokeninfo_url = https://auth.example.org/?t=\n  client_secret = s3cret\n"
        "  username_validation_format = %{user | username}\n  http_client_request_timeout = 500 ms\n}\n"
        "passdb oauth2 {\n  mechanisms_filter = xoauth2 oauthbearer\n  fields {\n    pass = %{oauth2:access_token}\n  }\n}",
    ),
    (
        "passdb {\n  driver = ldap\n  args = /ldap\n}",
        "passdb ldap {\n  ldap_uris = ldap://ldap.example.org\n  ldap_auth_dn = cn=reader\n"
        "  ldap_auth_dn_password = s3cret\n  ldap_base = dc=example, dc=org\n  ssl_client_require_valid_cert = no\n"
        "  bind = yes\n  filter = (mail=%{user})\n  fields {\n    user = %{ldap:uid}\n  }\n}",
    ),
    (
        "namespace {\n  type = shared\n  separator = /\n  prefix = shared/%%u/\n  location = maildir:%%h/M:INDEX=~/s/%%u\n}",
        "namespace shared1 {\n  type = shared\n  separator = /\n  prefix = shared/$user/\n  mail_driver = maildir\n"
        "  mail_path = %{owner_home}/M\n  mail_index_path = ~/s/%{owner_user}\n}",
    ),
    (
        "namespace inbox {\n  inbox = yes\n  prefix = INBOX/\n  location =\n  mailbox Trash {\n    auto = create\n  }\n}\n"
        "plugin {\n  quota_rule2 = INBOX/Trash:storage=+10%%\n  quota_rule3 = INBOX/Spam:ignore\n}",
        "namespace inbox {\n  inbox = yes\n  prefix = INBOX/\n  mailbox Trash {\n    auto = create\n"
        "    quota_storage_percentage = 110\n  }\n  mailbox Spam {\n    quota_ignore = yes\n  }\n}",
    ),
    (
        "plugin {\n  quota = maildir:User quota:noenforcing\n  quota_rule = *:storage=1048576:messages=9\n  quota_grace = 5M\n}",
        "quota_storage_size = 1048576k\nquota_message_count = 9\n"
        'quota "User quota" {\n  driver = maildir\n  enforce = no\n}\nquota_storage_grace = 5M',
    ),
    (
        "plugin {\n  quota = count:Q\n  quota_warning = messages=80%% w 80 %u\n  quota_warning2 = -storage=100%% w below\n}",
        "quota Q {\n  driver = count\n  warning warn-messages-80 {\n    resource = message\n"
        "    quota_message_percentage = 80\n    execute w {\n      args = 80 %{user}\n    }\n  }\n"
        "  warning under-100 {\n    quota_storage_percentage = 100\n    threshold = under\n    execute w {\n"
        "      args = below\n    }\n  }\n}",
    ),
    (
        "plugin {\n  quota_over_flag_value = TRUE\n  quota_over_script = over %u\n}",
        "quota_over_status {\n  mask = TRUE\n  execute over {\n    args = %{user}\n  }\n}",
    ),
    ("plugin {\n  quota_clone_dict = proxy::q\n}", "quota_clone {\n  dict proxy {\n    name = q\n  }\n}"),
    (
        "plugin {\n  sieve = ~/.dovecot.sieve\n  sieve_dir = ~/sieve\n}",
        "sieve_script personal {\n  driver = file\n  path = ~/sieve\n  active_path = ~/.dovecot.sieve\n}",
    ),
    (
        "protocol lmtp {\n  mail_plugins = $mail_plugins sieve\n}",
        "protocol lmtp {\n  mail_plugins {\n    sieve = yes\n  }\n}\n"
        "sieve_script personal {\n  driver = file\n  path = ~/sieve\n  active_path = ~/.dovecot.sieve\n}",
    ),
    (
        "plugin {\n  sieve_default = /d.sieve\n  sieve_default_name = roundcube\n  sieve_after2 = /b\n  sieve_after = /a\n}",
        "sieve_script after1 {\n  type = after\n  driver = file\n  path = /a\n}\n"
        "sieve_script after2 {\n  type = after\n  driver = file\n  path = /b\n}\n"
        "sieve_script default {\n  type = default\n  name = roundcube\n  driver = file\n  path = /d.sieve\n}",
    ),
    (
        "plugin {\n  sieve_editheader_protected = X-A\n  sieve_spamtest_text_value1 = Ham\n}",
        "sieve_editheader_header X-A {\n  forbid_add = yes\n  forbid_delete = yes\n}\n"
        "sieve_spamtest_text_value {\n  1 = Ham\n}",
    ),
    (
        "plugin {\n  acl = vfile:/etc/dovecot/acls:cache_secs=300\n  acl_shared_dict = file:/d/%u\n}",
        "acl_driver = vfile\nacl_global_path = /etc/dovecot/acls\nacl_cache_ttl = 300 secs\n"
        "acl_sharing_map {\n  dict file {\n    path = /d/%{user}\n  }\n}",
    ),
    (
        "plugin {\n  zlib_save = zstd\n  zlib_save_level = 3\n}",
        "compress_zstd_level = 3\nmail_compress_write_method = zstd",
    ),
    (
        "plugin {\n  mail_crypt_global_private_key = </k\n  mail_crypt_global_public_key = </p\n  mail_crypt_save_version = 2\n}",
        "crypt_global_private_key main {\n  crypt_private_key_file = /k\n}\ncrypt_global_public_key_file = /p",
    ),
    (
        "plugin {\n  push_notification_driver = ox:url=http://127.0.0.1/ user_from_metadata\n  push_notification_driver2 = dlog\n}",
        "push_notification ox {\n  driver = ox\n  ox_url = http://127.0.0.1/\n  ox_user_from_metadata = yes\n}\n"
        "push_notification dlog2 {\n  driver = dlog\n}",
    ),
    (
        "plugin {\n  welcome_script = welcome %u\n  last_login_dict = redis:host=127.0.0.1:port=6379\n}",
        "welcome {\n  execute welcome {\n    args = %{user}\n  }\n}\n"
        "last_login {\n  dict redis {\n    redis_host = 127.0.0.1\n    redis_port = 6379\n  }\n}",
    ),
    (
        "plugin {\n  trash = /trash\n}",
        "mailbox Spam {\n  trash_priority = 1\n}\nmailbox Trash {\n  trash_priority = 2\n}",
    ),
    (
        "plugin {\n  fts = flatcurve\n  fts_autoindex = yes\n  fts_languages = de\n  fts_enforced = yes\n"
        "  fts_autoindex_exclude = Spam\n}",
        "fts flatcurve {\n}\nlanguage_tokenizers = generic email-address\n"
        "language_filters = normalizer-icu snowball stopwords\nlanguage de {\n  default = yes\n}\n"
        "fts_autoindex = yes\nfts_search_add_missing = yes\nfts_search_read_fallback = no\n"
        "mailbox Spam {\n  fts_autoindex = no\n}",
    ),
    (
        "dict {\n  acl = sqlite:/dict\n  quota = redis:host=127.0.0.1\n}",
        "dict_server {\n  dict acl {\n    driver = sql\n    sql_driver = sqlite\n    sqlite_path = /srv/shared.sqlite\n"
        "    dict_map shared/shared-boxes/user/$to/$from {\n      sql_table = user_shares\n      value_field dummy {\n"
        '      }\n      key_field from_user {\n        value = "$from"\n      }\n      key_field to_user {\n'
        '        value = "$to"\n      }\n    }\n  }\n  dict quota {\n    driver = redis\n    redis_host = 127.0.0.1\n  }\n}',
    ),
    (
        "metric m {\n  filter = event=a\n  fields = x y\n  group_by = a b:linear:1:9:2\n}",
        "metric m {\n  filter = event=a\n  fields {\n    x = yes\n    y = yes\n  }\n  group_by a {\n    method discrete {\n"
        "    }\n  }\n  group_by b {\n    method linear {\n      min = 1\n      max = 9\n      step = 2\n    }\n  }\n}",
    ),
    (
        "event_exporter e {\n  transport = http-post\n  transport_args = http://127.0.0.1\n  format = json\n"
        "  format_args = time-unix\n}",
        "event_exporter e {\n  driver = http-post\n  http_post_url = http://127.0.0.1\n  format = json\n"
        "  time_format = unix\n}",
    ),
    (
        "local_name a.example.org b.example.org {\n  ssl_cert = </c\n}",
        "local_name a.example.org {\n  ssl_server_cert_file = /c\n}\n"
        "local_name b.example.org {\n  ssl_server_cert_file = /c\n}",
    ),
    (
        "mail_attribute_dict = file:%h/attributes",
        "mail_attribute {\n  dict file {\n    path = %{home}/attributes\n  }\n}",
    ),
    ("import_environment = TZ A=b", "import_environment {\n  TZ = %{env:TZ}\n  A = b\n}"),
    ('imap_id_send = "name" *', "imap_id_send {\n  name = *\n}"),
    ("auth_policy_server_timeout_msecs = 500", "auth_policy {\n  http_client_request_timeout = 500 ms\n}"),
    ("protocol imap {\n  mail_plugins = $mail_plugins imap_zlib\n}", "protocol imap {\n  mail_plugins {\n  }\n}"),
]


@pytest.mark.parametrize(
    ("old", "new"), TABLE, ids=[old.split("\n")[0] + str(n) for n, (old, _new) in enumerate(TABLE)]
)
def test_every_other_row(old, new):
    tree = converted(old)
    if new is not None:
        assert tree == new


def test_sql_with_several_hosts():
    tree = converted("passdb {\n  driver = sql\n  args = /sql\n}\nuserdb {\n  driver = sql\n  args = /sql\n}")
    assert "  mysql db1.example.org {\n    dbname = mail\n    user = mail\n    password = s3cret\n" in tree
    assert "  mysql db2.example.org {" in tree
    assert "connection_limit = 5" in tree
    assert "default_password_scheme = MD5" in tree
    assert "CONCAT(quota, 'M') AS userdb_quota_storage_size FROM users WHERE a = '%{user | lower}'" in tree
    assert "SELECT 'maildir' AS mail_driver, '/srv/' || home AS mail_path, uid FROM" in tree
    assert "iterate_query = SELECT username FROM users" in tree


def test_ldap_of_users():
    tree = converted("userdb {\n  driver = ldap\n  args = /ldap\n}")
    assert "filter = (&(objectClass=posixAccount)(uid=%{user}))" in tree
    assert "home = %{ldap:homeDirectory}" in tree
    assert "uid = vmail" in tree
    assert "quota_storage_size = %{ldap:quota}B" in tree
    assert "iterate_fields {\n    user = %{ldap:uid}" in tree


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("%u", "%{user}"),
        ("%Lu", "%{user | lower}"),
        ("/a/%d/%n", "/a/%{user | domain}/%{user | username}"),
        ("%1Ln", "%{user | username | lower | substr(0, 1)}"),
        ("%2.1Mu", "%{user | md5 | hexlify | substr(2, 1)}"),
        ("%2.256Nu", "%{user | md5 | substr(0, 8) % 256 | hex(2)}"),
        ("%{rip} %{orig_username}", "%{remote_ip} %{original_user | username}"),
        ("%L{username}", "%{user | username | lower}"),
        ("10%%", "10%"),
        ("%{ldap:quota:5}", "%{ldap:quota | default('5')}"),
        ("postmaster@%{if;%d;ne;;%d;%{hostname}}", "postmaster@%{user | domain | default(hostname)}"),
    ],
)
def test_variables(old, new):
    assert variables_to_24(old) == new


@pytest.mark.parametrize(
    ("setting", "old", "new"),
    [
        ("pop3_uidl_format", "%08Xu%08Xv", "%{uid | hex(8)}%{uidvalidity | hex(8)}"),
        ("login_log_format", "%$: %s", "%{message}: %{elements}"),
        ("imap_logout_format", "in=%i out=%o", "in=%{input} out=%{output}"),
        ("rejection_reason", "<%t>:%n%r", "<%{to}>:%{literal('\\r\\n')}%{reason}"),
        ("deliver_log_format", "msgid=%m: %$", "msgid=%{msgid}: %{message}"),
        ("mail_log_prefix", "%s(%u)<%{pid}>", "%{service}(%{user})<%{process:pid}>"),
    ],
)
def test_variables_of_one_setting(setting, old, new):
    assert variables_to_24(old, setting=setting) == new


def test_unknown_variables():
    for old in ("%Hu", "%{if;%u;eq;a;b;c}"):
        with pytest.raises(UnknownVariableError):
            variables_to_24(old)
    assert has_variables("/srv/%d")
    assert not has_variables("%{user} 100% sure")


@pytest.mark.parametrize(
    ("source", "setting"),
    [
        ("replication_max_conns = 5\n", "replication_max_conns"),
        ("director_servers = 192.0.2.1\n", "director_servers"),
        ("service director {\n  user = x\n}", "service director"),
        ("passdb {\n  driver = shadow\n}", "passdb { shadow }"),
        ("passdb {\n  driver = sql\n  args = /unknown\n}", "passdb { args }"),
        ("plugin {\n  zlib_save = xz\n}", "plugin { zlib_save }"),
        ("plugin {\n  quota = dict:User quota::proxy::quota\n}", "plugin { quota }"),
        ("plugin {\n  mail_replica = tcp:192.0.2.1\n}", "plugin { mail_replica }"),
        ("plugin {\n  nosuch = 1\n}", "plugin { nosuch }"),
        ("plugin {\n  fts = squat\n}", "plugin { fts }"),
        ("mail_plugins = $mail_plugins listescape", "mail_plugins"),
        ("ssl_cert = -----BEGIN", "ssl_cert"),
        ("mail_location = maildir:/srv/%Hu", "mail_location"),
    ],
)
def test_what_has_no_successor_is_named(source, setting):
    faults = to_24(parse(source), FILES).without_successor
    assert [fault.setting for fault in faults] == [setting]
    assert all(fault.cause and fault.remedy for fault in faults)


def test_a_tree_of_24_comes_back_as_it_is():
    body = parse((FIXTURES / "dovecot-2.4.1-full.conf").read_text())
    result = to_24(body)
    assert result.tree is body
    assert (result.notes, result.without_successor) == ((), ())


def test_values_are_read_as_23_only_where_nothing_is_of_24():
    assert text(to_24(build({"mail_home": "/srv/%d"})).tree) == "mail_home = /srv/%{user | domain}"
    mixed = build({"mail_home": "/srv/%d", "mail_driver": "maildir"})
    assert to_24(mixed).tree == mixed
    both = build({"auth_allow_cleartext": False, "mail_driver": "maildir", "disable_plaintext_auth": False})
    assert text(to_24(both).tree) == "mail_driver = maildir\nauth_allow_cleartext = yes"


def leaves(body, above=()):
    for entry in body:
        if isinstance(entry, Block):
            yield from leaves(entry.body, (*above, entry.head))
        else:
            yield (*above, entry.key, entry.value)


def test_complete_configuration_keeps_its_meaning():
    body = parse((FIXTURES / "dovecot-2.3.19-full.conf").read_text())
    assert external_paths(body) == ("/etc/dovecot/sql.conf.ext",)
    sql = (
        "driver = sqlite\nconnect = /etc/dovecot/mail.sqlite\ndefault_pass_scheme = SHA512-CRYPT\n"
        "password_query = SELECT '*:bytes=' || quota AS userdb_quota_rule FROM users WHERE username = '%n'\n"
        "user_query = SELECT home, '*:bytes=' || quota AS quota_rule FROM users WHERE username = '%n'\n"
    )
    result = to_24(body, {"/etc/dovecot/sql.conf.ext": sql})
    assert [fault.setting for fault in result.without_successor] == ["plugin { sieve_extensions }"]
    ours = {leaf for leaf in leaves(result.tree) if leaf[0] not in {"passdb sql", "userdb sql"}}
    wanted = set(leaves(parse((FIXTURES / "dovecot-2.4.1-full.conf").read_text())))
    assert {leaf for leaf in wanted - ours if not leaf[0].startswith(("passdb sql", "userdb sql", "dovecot_"))} == {
        ("fts_autoindex", "yes"),
        ("imapsieve_from Junk", "sieve_script ham", "cause", "copy"),
        ("imapsieve_from Junk", "sieve_script ham", "path", "/etc/dovecot/sieve/ham.sieve"),
        ("imapsieve_from Junk", "sieve_script ham", "type", "before"),
        ("language en", "default", "yes"),
        ("language_filters", "normalizer-icu snowball stopwords"),
        ("language_tokenizers", "generic email-address"),
        ("mail_plugins", "fts", "yes"),
        ("mail_plugins", "fts_flatcurve", "yes"),
        ("namespace inbox", "mailbox Junk", "auto", "subscribe"),
        ("namespace inbox", "mailbox Junk", "sieve_script spam", "cause", "copy"),
        ("namespace inbox", "mailbox Junk", "sieve_script spam", "path", "/etc/dovecot/sieve/spam.sieve"),
        ("namespace inbox", "mailbox Junk", "sieve_script spam", "type", "before"),
        ("namespace inbox", "mailbox Junk", "special_use", "\\Junk"),
        ("quota_storage_grace", "100M"),
        ("service submission-login", "inet_listener submissions", "port", "0"),
        ("sql_driver", "sqlite"),
        ("sqlite_path", "/etc/dovecot/mail.sqlite"),
    }


def test_minimum_protocol():
    assert minimum_protocol("TLSv1.2 TLSv1.3") == "TLSv1.2"
    assert minimum_protocol("!SSLv2 !SSLv3") == "TLSv1"
    assert minimum_protocol("all") is None
