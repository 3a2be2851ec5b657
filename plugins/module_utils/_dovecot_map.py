# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What became of Dovecot 2.3 settings in 2.4: the mapping as data, one row for each."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

How = t.Literal["same", "invert", "file", "list", "zero", "ciphers", "literal", "allow", "seconds"]


@dataclass(frozen=True)
class Row:
    """A setting of 2.4, its name in 2.3, and how the value changes.

    same: variables are rewritten; invert: yes and no swap; file: "<" before the name; list: a boolean list;
    zero: "unlimited" becomes 0; ciphers: server and client become yes and no; literal: nothing is rewritten;
    allow: yes becomes allow, and no becomes empty; seconds: a bare number gets its unit.
    """

    new: str
    old: str
    how: How = "same"


# Settings outside plugin { }, at the top level or in a filter.
GLOBAL_ROWS = (
    Row("auth_allow_cleartext", "disable_plaintext_auth", "invert"),
    Row("auth_default_domain", "auth_default_realm"),
    Row("auth_mechanisms", "auth_mechanisms", "list"),
    Row("default_idle_kill_interval", "default_idle_kill"),
    Row("imap_client_workarounds", "imap_client_workarounds", "list"),
    Row("imapc_features", "imapc_features", "list"),
    Row("lmtp_client_workarounds", "lmtp_client_workarounds", "list"),
    Row("lmtp_user_concurrency_limit", "lmtp_user_concurrency_limit", "zero"),
    Row("log_timestamp", "log_timestamp", "literal"),
    Row("login_log_format", "login_log_format"),
    Row("mail_ext_attachment_hash", "mail_attachment_hash", "literal"),
    Row("mail_ext_attachment_min_size", "mail_attachment_min_size"),
    Row("mail_ext_attachment_path", "mail_attachment_dir"),
    Row("mail_max_userip_connections", "mail_max_userip_connections", "zero"),
    Row("pop3_client_workarounds", "pop3_client_workarounds", "list"),
    Row("protocols", "protocols", "list"),
    Row("ssl_client_cert_file", "ssl_client_cert", "file"),
    Row("ssl_client_key_file", "ssl_client_key", "file"),
    Row("ssl_client_ca_file", "ssl_client_ca_file", "literal"),
    Row("ssl_server_alt_cert_file", "ssl_alt_cert", "file"),
    Row("ssl_server_alt_key_file", "ssl_alt_key", "file"),
    Row("ssl_server_ca_file", "ssl_ca", "file"),
    Row("ssl_server_cert_file", "ssl_cert", "file"),
    Row("ssl_server_cert_username_field", "ssl_cert_username_field", "literal"),
    Row("ssl_server_dh_file", "ssl_dh", "file"),
    Row("ssl_server_key_file", "ssl_key", "file"),
    Row("ssl_server_key_password", "ssl_key_password", "literal"),
    Row("ssl_server_prefer_ciphers", "ssl_prefer_server_ciphers", "ciphers"),
    Row("ssl_server_request_client_cert", "ssl_verify_client_cert"),
    Row("ssl_server_require_crl", "ssl_require_crl"),
    Row("submission_client_workarounds", "submission_client_workarounds", "list"),
)

# Settings that 2.3 keeps in plugin { }.
PLUGIN_ROWS = (
    Row("acl_defaults_from_inbox", "acl_defaults_from_inbox"),
    Row("acl_globals_only", "acl_globals_only"),
    Row("acl_groups", "acl_groups"),
    Row("acl_user", "acl_user"),
    Row("crypt_acl_require_secure_key_sharing", "mail_crypt_acl_require_secure_key_sharing"),
    Row("crypt_global_public_key_file", "mail_crypt_global_public_key", "file"),
    Row("crypt_user_key_curve", "mail_crypt_curve"),
    Row("crypt_user_key_password", "mail_crypt_private_password"),
    Row("crypt_user_key_require_encrypted", "mail_crypt_require_encrypted_user_key"),
    Row("imap_acl_allow_anyone", "acl_anyone", "allow"),
    Row("imapsieve_expunge_discarded", "imapsieve_expunge_discarded"),
    Row("imapsieve_url", "imapsieve_url"),
    Row("last_login_key", "last_login_key"),
    Row("last_login_precision", "last_login_precision"),
    Row("lazy_expunge_mailbox", "lazy_expunge"),
    Row("lazy_expunge_only_last_instance", "lazy_expunge_only_last_instance"),
    Row("lua_file", "mail_lua_script"),
    Row("mail_compress_write_method", "zlib_save"),
    Row("mail_log_cached_only", "mail_log_cached_only"),
    Row("mail_log_events", "mail_log_events", "list"),
    Row("mail_log_fields", "mail_log_fields", "list"),
    Row("notify_status_value", "notify_status_value"),
    Row("pop3_migration_all_mailboxes", "pop3_migration_all_mailboxes"),
    Row("pop3_migration_ignore_extra_uidls", "pop3_migration_ignore_extra_uidls"),
    Row("pop3_migration_ignore_missing_uidls", "pop3_migration_ignore_missing_uidls"),
    Row("pop3_migration_mailbox", "pop3_migration_mailbox"),
    Row("pop3_migration_skip_size_check", "pop3_migration_skip_size_check"),
    Row("pop3_migration_skip_uidl_cache", "pop3_migration_skip_uidl_cache"),
    Row("quota_exceeded_message", "quota_exceeded_message"),
    Row("quota_mail_size", "quota_max_mail_size", "zero"),
    Row("quota_status_nouser", "quota_status_nouser"),
    Row("quota_status_overquota", "quota_status_overquota"),
    Row("quota_status_success", "quota_status_success"),
    Row("quota_status_toolarge", "quota_status_toolarge"),
    Row("quota_storage_grace", "quota_grace"),
    Row("sieve_duplicate_default_period", "sieve_duplicate_default_period"),
    Row("sieve_duplicate_max_period", "sieve_duplicate_max_period"),
    Row("sieve_editheader_max_header_size", "sieve_editheader_max_header_size"),
    Row("sieve_enabled", "sieve_enabled"),
    Row("sieve_execute_bin_dir", "sieve_execute_bin_dir"),
    Row("sieve_execute_exec_timeout", "sieve_execute_exec_timeout"),
    Row("sieve_execute_input_eol", "sieve_execute_input_eol"),
    Row("sieve_execute_socket_dir", "sieve_execute_socket_dir"),
    Row("sieve_filter_bin_dir", "sieve_filter_bin_dir"),
    Row("sieve_filter_exec_timeout", "sieve_filter_exec_timeout"),
    Row("sieve_filter_input_eol", "sieve_filter_input_eol"),
    Row("sieve_filter_socket_dir", "sieve_filter_socket_dir"),
    Row("sieve_include_max_includes", "sieve_include_max_includes", "zero"),
    Row("sieve_include_max_nesting_depth", "sieve_include_max_nesting_depth", "zero"),
    Row("sieve_max_actions", "sieve_max_actions", "zero"),
    Row("sieve_max_cpu_time", "sieve_max_cpu_time"),
    Row("sieve_max_redirects", "sieve_max_redirects"),
    Row("sieve_max_script_size", "sieve_max_script_size", "zero"),
    Row("sieve_notify_mailto_envelope_from", "sieve_notify_mailto_envelope_from"),
    Row("sieve_pipe_bin_dir", "sieve_pipe_bin_dir"),
    Row("sieve_pipe_exec_timeout", "sieve_pipe_exec_timeout"),
    Row("sieve_pipe_input_eol", "sieve_pipe_input_eol"),
    Row("sieve_pipe_socket_dir", "sieve_pipe_socket_dir"),
    Row("sieve_plugins", "sieve_plugins", "list"),
    Row("sieve_quota_script_count", "sieve_quota_max_scripts", "zero"),
    Row("sieve_quota_storage_size", "sieve_quota_max_storage", "zero"),
    Row("sieve_redirect_duplicate_period", "sieve_redirect_duplicate_period", "seconds"),
    Row("sieve_redirect_envelope_from", "sieve_redirect_envelope_from"),
    Row("sieve_report_from", "sieve_report_from"),
    Row("sieve_resource_usage_timeout", "sieve_resource_usage_timeout"),
    Row("sieve_spamtest_score_max_header", "sieve_spamtest_max_header"),
    Row("sieve_spamtest_score_max_value", "sieve_spamtest_max_value"),
    Row("sieve_spamtest_status_header", "sieve_spamtest_status_header"),
    Row("sieve_spamtest_status_type", "sieve_spamtest_status_type"),
    Row("sieve_trace_addresses", "sieve_trace_addresses"),
    Row("sieve_trace_debug", "sieve_trace_debug"),
    Row("sieve_trace_dir", "sieve_trace_dir"),
    Row("sieve_trace_level", "sieve_trace_level"),
    Row("sieve_user_email", "sieve_user_email"),
    Row("sieve_user_log_path", "sieve_user_log"),
    Row("sieve_vacation_check_recipient", "sieve_vacation_dont_check_recipient", "invert"),
    Row("sieve_variables_max_scope_count", "sieve_variables_max_scope_size"),
    Row("sieve_variables_max_value_size", "sieve_variables_max_variable_size"),
    Row("sieve_virustest_score_max_header", "sieve_virustest_max_header"),
    Row("sieve_virustest_score_max_value", "sieve_virustest_max_value"),
    Row("sieve_virustest_status_header", "sieve_virustest_status_header"),
    Row("sieve_virustest_status_type", "sieve_virustest_status_type"),
    Row("sieve_vacation_default_period", "sieve_vacation_default_period"),
    Row("sieve_vacation_default_subject", "sieve_vacation_default_subject"),
    Row("sieve_vacation_default_subject_template", "sieve_vacation_default_subject_template"),
    Row("sieve_vacation_max_period", "sieve_vacation_max_period"),
    Row("sieve_vacation_min_period", "sieve_vacation_min_period"),
    Row("sieve_vacation_send_from_recipient", "sieve_vacation_send_from_recipient"),
    Row("sieve_vacation_to_header_ignore_envelope", "sieve_vacation_to_header_ignore_envelope"),
    Row("sieve_vacation_use_original_recipient", "sieve_vacation_use_original_recipient"),
    Row("virtual_max_open_mailboxes", "virtual_max_open_mailboxes"),
    Row("welcome_wait", "welcome_wait"),
)

# What passdb and userdb blocks say of what follows them.
_RESULT_ROWS = (
    Row("result_failure", "result_failure"),
    Row("result_internalfail", "result_internalfail"),
    Row("result_success", "result_success"),
    Row("skip", "skip"),
)

# Settings inside one kind of block, by the name of the block.
BLOCK_ROWS: t.Mapping[str, tuple[Row, ...]] = {
    "service": (
        Row("idle_kill_interval", "idle_kill"),
        Row("restart_request_count", "service_count", "zero"),
    ),
    "inet_listener": (Row("listen", "address"),),
    "passdb": (
        Row("deny", "deny"),
        Row("master", "master"),
        Row("mechanisms_filter", "mechanisms", "list"),
        Row("username_filter", "username_filter"),
        *_RESULT_ROWS,
    ),
    "userdb": _RESULT_ROWS,
    "event_exporter": (Row("driver", "transport"), Row("format", "format")),
}

# Parts of mail_location, in the order in which they are written. The first two make "driver:path".
LOCATION_PARTS = (
    ("mail_inbox_path", "INBOX"),
    ("mail_index_path", "INDEX"),
    ("mail_index_private_path", "INDEXPVT"),
    ("mail_control_path", "CONTROL"),
    ("mail_alt_path", "ALT"),
    ("mail_volatile_path", "VOLATILEDIR"),
    ("mailbox_list_layout", "LAYOUT"),
    ("mailbox_directory_name", "DIRNAME"),
    ("mailbox_list_index_prefix", "LISTINDEX"),
    ("mailbox_list_visible_escape_char", "BROKENCHAR"),
    ("mailbox_root_directory_name", "MAILBOXDIR"),
    ("mailbox_subscriptions_filename", "SUBSCRIPTIONS"),
)
# Switches in mail_location: present for yes.
LOCATION_FLAGS = (("mailbox_list_utf8", "UTF-8"), ("mailbox_list_drop_noselect", "NO-NOSELECT"))
LOCATION_KEYS = frozenset({"mail_driver", "mail_path", *(key for key, _option in (*LOCATION_PARTS, *LOCATION_FLAGS))})

# Keys about TLS in the external files of 2.3.
_CLIENT_TLS_ROWS = (
    Row("ssl_client_ca_file", "tls_ca_cert_file", "literal"),
    Row("ssl_client_ca_dir", "tls_ca_cert_dir", "literal"),
    Row("ssl_client_cert_file", "tls_cert_file", "literal"),
    Row("ssl_client_key_file", "tls_key_file", "literal"),
)

# Keys of an external LDAP file of 2.3, by the setting of 2.4.
LDAP_ROWS = (
    Row("ldap_uris", "uris", "literal"),
    Row("ldap_auth_dn", "dn", "literal"),
    Row("ldap_auth_dn_password", "dnpass", "literal"),
    Row("ldap_base", "base"),
    Row("ldap_deref", "deref", "literal"),
    Row("ldap_scope", "scope", "literal"),
    Row("ldap_starttls", "tls", "literal"),
    Row("ldap_version", "ldap_version", "literal"),
    Row("ldap_debug_level", "debug_level", "literal"),
    Row("ldap_auth_sasl_realm", "sasl_realm", "literal"),
    Row("ldap_auth_sasl_authz_id", "sasl_authz_id", "literal"),
    *_CLIENT_TLS_ROWS,
)

# Keys of an external OAuth2 file of 2.3, by the setting inside the oauth2 block of 2.4.
OAUTH2_ROWS = (
    Row("active_attribute", "active_attribute", "literal"),
    Row("active_value", "active_value", "literal"),
    Row("client_id", "client_id", "literal"),
    Row("client_secret", "client_secret", "literal"),
    Row("force_introspection", "force_introspection", "literal"),
    Row("grant_url", "grant_url", "literal"),
    Row("introspection_mode", "introspection_mode", "literal"),
    Row("introspection_url", "introspection_url", "literal"),
    Row("issuers", "issuers", "literal"),
    Row("openid_configuration_url", "openid_configuration_url", "literal"),
    Row("scope", "scope", "literal"),
    Row("send_auth_headers", "send_auth_headers", "literal"),
    Row("tokeninfo_url", "tokeninfo_url", "literal"),
    Row("username_attribute", "username_attribute", "literal"),
    Row("username_validation_format", "username_format"),
    Row("http_client_max_parallel_connections", "max_parallel_connections", "literal"),
    Row("http_client_max_pipelined_requests", "max_pipelined_requests", "literal"),
    Row("http_client_rawlog_dir", "rawlog_dir", "literal"),
    Row("ssl_cipher_list", "tls_cipher_suite", "literal"),
    *_CLIENT_TLS_ROWS,
)

# The level of a compression method, which 2.3 keeps in zlib_save_level for all.
LEVELS = {
    "gz": "compress_gz_level",
    "deflate": "compress_deflate_level",
    "zstd": "compress_zstd_level",
    "bz2": "compress_bz2_block_size_100k",
}

# Plug-ins with another name in 2.3.
PLUGIN_NAMES = {"mail_compress": "zlib", "fs_compress": "zlib"}

# Left out on 2.3 with a warning: they make searches faster and change no result.
ACCELERATORS = ("fts_", "language_")
ACCELERATOR_BLOCKS = frozenset({"fts", "language", "language_filter", "language_tokenizer"})
ACCELERATOR_PLUGINS = frozenset({"fts", "fts_flatcurve"})

# Settings and blocks of 2.4 without a counterpart that could be written for 2.3.
MISSING_PREFIXES = (
    "apparmor_",
    "auth_allow_weak_schemes",
    "auth_internal_failure_delay",
    "compress_",
    "crypt_",
    "dict_",
    "execute_",
    "fs_",
    "http_client_",
    "http_server_",
    "imap_acl_",
    "imap_urlauth_",
    "last_login_",
    "lua_",
    "mail_compress_",
    "notify_status_",
    "oauth2_",
    "pop3_migration_",
    "push_notification_",
    "quota_",
    "redis_",
    "sieve_",
    "textcat_",
    "trash_",
    "virtual_",
    "welcome_",
)

# Settings of 2.3 that 2.4 refuses and that no row above covers, with what to write instead.
REMOVED = {
    "auth_worker_max_count": "service auth-worker { process_limit }",
    "mail_location": "mail_driver and mail_path",
    "location": "mail_driver and mail_path in the namespace",
    "plugin": "the settings themselves, outside of any block",
    "ssl_protocols": "ssl_min_protocol",
    "verbose_ssl": "log_debug = category=ssl",
    "director_servers": "nothing: the director is gone",
    "mail_replica": "nothing: replication is gone",
    "service_count": "restart_request_count",
    "idle_kill": "idle_kill_interval",
}


def successors() -> dict[str, str]:
    """Map each name that only Dovecot 2.3 knows to what is written in 2.4."""
    table = {row.old: row.new for row in (*GLOBAL_ROWS, *PLUGIN_ROWS) if row.old != row.new}
    table.pop("lazy_expunge")
    return {**table, **REMOVED}
