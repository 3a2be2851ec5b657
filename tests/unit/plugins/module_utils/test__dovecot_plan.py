# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import stat

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_file import (
    BANNER,
    Frame,
    mask,
    read_tree,
    read_versions,
    render_file,
    secrets_in,
    secrets_of,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_plan import (
    PlanError,
    Request,
    apply,
    compute,
    diff,
    make_edit,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import TreeError, build

SQL = {
    "sql_driver": "pgsql",
    "pgsql db.example.org": {"parameters": {"password": "s3cret"}},
    "passdb sql": {"query": "SELECT 1"},
}


def request(path, settings=None, edit=None, **options):
    defaults = {"include_local": True, "config_version": None, "storage_version": None, "mode": None}
    tree = None if settings is None else build(settings)
    return Request(path=str(path), tree=tree, edit=edit, uid=os.getuid(), gid=os.getgid(), **{**defaults, **options})


def run(wish, grammar="2.4"):
    plan = compute(wish, grammar)
    apply(plan.changes)
    return plan


@pytest.mark.parametrize("grammar", ["2.3", "2.4"])
def test_the_tree_comes_back_from_the_file(grammar):
    body = build({"a": "b # c", "service x": {"y": 1}, "userdb prefetch": {}, "protocol imap": {"z": True}})
    rendered = render_file(body, grammar, Frame(main=True), "/x/dovecot")
    assert rendered.text.startswith(BANNER)
    assert rendered.text.endswith("!include_try local.conf\n")
    assert read_tree(rendered.text) == body


def test_versions_stand_first_in_the_main_file_of_2_4_only():
    body = build({"a": 1})
    assert render_file(body, "2.4", Frame(main=True, config_version="2.4.1"), "").text.splitlines()[1:3] == [
        "dovecot_config_version = 2.4.1",
        "dovecot_storage_version = 2.4.0",
    ]
    assert "version" not in render_file(body, "2.3", Frame(main=True), "").text
    assert render_file(body, "2.4", Frame(main=False), "").text == f"{BANNER}\na = 1\n"


def test_versions_are_read_from_any_file():
    text = "# dovecot_config_version = 9\n dovecot_config_version=2.4.1\ndovecot_storage_version = 2.4.0\n"
    assert read_versions(text) == ("2.4.1", "2.4.0")
    assert read_versions("a = b\n") == (None, None)


@pytest.mark.parametrize(
    "line",
    [
        "doveadm_password = s3cret",
        '  password = "s3cret"',
        "#= ssl_server_key_password = s3cret",
        "connect = host=h password=s3cret dbname=d",
        "args = password=s3cret nopassword=y",
        "imapc_password = s3cret",
        "doveadm_api_key = s3cret",
    ],
)
def test_secrets_are_masked_and_still_differ(line):
    masked = mask(line)
    assert "s3cret" not in masked
    assert "<secret sha256:" in masked
    assert masked != mask(line.replace("s3cret", "0ther"))


@pytest.mark.parametrize("line", ["ssl_key = </k.pem", "a = b", "service x {", "# password", "auth_cache_size = 1"])
def test_the_rest_is_shown(line):
    assert mask(line) == f"{line}\n"


def test_secrets_are_found_in_trees_and_in_data():
    assert secrets_of(build(SQL)) == {"s3cret"}
    assert secrets_in("", SQL) == {"s3cret"}
    assert secrets_in("doveadm_password", 1234) == {"1234"}
    assert secrets_in("", {"a/b": {"x_password": "p"}, "port": 25, "list": [1]}) == {"p"}


def test_four_beats(tmp_path):
    wish = request(tmp_path / "dovecot.conf", {"a": 1})
    assert compute(wish, "2.4").changed
    assert not (tmp_path / "dovecot.conf").exists()
    plan = run(wish)
    assert plan.reload_required
    assert not plan.restart_required
    assert stat.S_IMODE((tmp_path / "dovecot.conf").stat().st_mode) == 0o644
    assert not compute(wish, "2.4").changed


def test_only_the_mode_differs(tmp_path):
    run(request(tmp_path / "dovecot.conf", {"a": 1}))
    plan = run(request(tmp_path / "dovecot.conf", {"a": 1}, mode=0o600))
    assert plan.changed
    assert not plan.reload_required


def test_secrets_close_the_file_and_2_3_keeps_them_beside(tmp_path):
    path = tmp_path / "dovecot.conf"
    run(request(path, SQL), "2.3")
    beside = tmp_path / "dovecot.sql.conf.ext"
    assert "password=s3cret" in beside.read_text()
    assert {stat.S_IMODE(file.stat().st_mode) for file in (path, beside)} == {0o600}
    assert not compute(request(path, SQL), "2.3").changed
    (tmp_path / "dovecot.other.conf.ext").write_text("not ours\n")
    plan = run(request(path, SQL), "2.4")
    assert [change.after is None for change in plan.changes] == [True, False]
    assert sorted(os.listdir(tmp_path)) == ["dovecot.conf", "dovecot.other.conf.ext"]
    assert "s3cret" not in str(diff(plan.changes))


def test_single_settings_start_from_the_tree_on_2_3_too(tmp_path):
    path = tmp_path / "dovecot.conf"
    run(request(path, {"auth_allow_cleartext": False}), "2.3")
    run(request(path, edit=make_edit("port", 0, ["service imap-login", "inet_listener imap"])), "2.3")
    text = path.read_text()
    assert "disable_plaintext_auth = yes" in text
    assert "    port = 0" in text
    plan = run(request(path, edit=make_edit("port", None, ["service imap-login", "inet_listener  imap"])), "2.3")
    assert plan.tree == build({"auth_allow_cleartext": False})


def test_versions_are_kept_from_a_file_of_others(tmp_path):
    path = tmp_path / "dovecot.conf"
    path.write_text("dovecot_config_version = 2.4.1\ndovecot_storage_version = 2.4.1\n")
    run(request(path, {"a": 1}))
    assert read_versions(path.read_text()) == ("2.4.1", "2.4.1")
    run(request(path, {"a": 1}, config_version="2.4.0"))
    assert read_versions(path.read_text()) == ("2.4.0", "2.4.1")


@pytest.mark.parametrize("key", ["base_dir", "log_path", "instance_name"])
def test_restart(tmp_path, key):
    run(request(tmp_path / "dovecot.conf", {"a": 1}))
    assert compute(request(tmp_path / "dovecot.conf", {"a": 1, key: "x"}), "2.4").restart_required


def test_a_drop_in_is_removed(tmp_path):
    (tmp_path / "dovecot.conf").write_text("")
    path = tmp_path / "99-x.conf"
    run(request(path, {"a": 1}))
    plan = run(request(path))
    assert plan.changes[0].after is None
    assert not path.exists()
    assert not compute(request(path), "2.4").changed


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("foreign.conf", {"edit": make_edit("a", 1, [])}, "not written by this module"),
        ("foreign.conf", {}, "not written by this module"),
        ("dovecot.conf", {}, "main file"),
        ("x.conf", {"settings": {"a": 1}, "config_version": "2.4.0"}, "drop-in"),
    ],
)
def test_refusals(tmp_path, name, options, message):
    (tmp_path / "foreign.conf").write_text("a = b\n")
    with pytest.raises(PlanError, match=message):
        compute(request(tmp_path / name, **options), "2.4")


def test_a_damaged_file_is_no_start_for_an_edit_but_can_be_replaced(tmp_path):
    (tmp_path / "dovecot.conf").write_text(f"{BANNER}\nnonsense\n")
    with pytest.raises(TreeError):
        compute(request(tmp_path / "dovecot.conf", edit=make_edit("a", 1, [])), "2.4")
    assert compute(request(tmp_path / "dovecot.conf", {"a": 1}), "2.4").changed


def test_a_failing_write_puts_back_what_was_there(tmp_path):
    path = tmp_path / "dovecot.conf"
    run(request(path, SQL), "2.3")
    before = (tmp_path / "dovecot.sql.conf.ext").read_bytes()
    changed = {**SQL, "pgsql db.example.org": {"parameters": {"password": "0ther"}}}
    changes = list(compute(request(path, changed), "2.3").changes)
    path.unlink()
    path.mkdir()
    with pytest.raises(OSError, match="directory"):
        apply(changes)
    assert (tmp_path / "dovecot.sql.conf.ext").read_bytes() == before


def test_a_file_of_somebody_else_is_kept_once(tmp_path):
    path = tmp_path / "dovecot.conf"
    copy = tmp_path / "dovecot.conf.orig"
    path.write_text("protocols = imap\n")
    path.chmod(0o640)
    run(request(path, {"protocols": "imap pop3"}))
    assert copy.read_text() == "protocols = imap\n"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o640
    run(request(path, {"protocols": "imap lmtp"}))
    assert copy.read_text() == "protocols = imap\n"


def test_a_kept_copy_is_never_replaced(tmp_path):
    path = tmp_path / "dovecot.conf"
    copy = tmp_path / "dovecot.conf.orig"
    path.write_text("second\n")
    copy.write_text("first\n")
    run(request(path, {"protocols": "imap"}))
    assert copy.read_text() == "first\n"


OLD = {
    "disable_plaintext_auth": True,
    "mail_location": "maildir:~/M",
    "passdb": [{"driver": "pam"}, {"driver": "sql", "args": "SQL"}],
}


@pytest.mark.parametrize("grammar", ["2.3", "2.4"])
def test_a_tree_of_2_3_is_kept_in_the_grammar_of_2_4(tmp_path, grammar):
    sql = tmp_path / "sql.conf.ext"
    sql.write_text("driver = sqlite\nconnect = /u.sqlite\npassword_query = SELECT '%u'\n")
    settings = {**OLD, "passdb": [OLD["passdb"][0], {"driver": "sql", "args": str(sql)}]}
    plan = run(request(tmp_path / "dovecot.conf", settings), grammar)
    assert plan.conversion.without_successor == ()
    assert [note.setting for note in plan.conversion.notes][:2] == ["disable_plaintext_auth", "mail_location"]
    tree = read_tree((tmp_path / "dovecot.conf").read_text())
    assert tree == build(
        {
            "auth_allow_cleartext": False,
            "mail_driver": "maildir",
            "mail_path": "~/M",
            "passdb pam": {},
            "passdb sql": {
                "sql_driver": "sqlite",
                "sqlite_path": "/u.sqlite",
                "default_password_scheme": "MD5",
                "query": "SELECT '%{user}'",
            },
        }
    )
    assert not compute(request(tmp_path / "dovecot.conf", settings), grammar).changed


def test_one_name_of_2_3_replaces_the_setting_of_2_4(tmp_path):
    path = tmp_path / "dovecot.conf"
    run(request(path, {"auth_allow_cleartext": False, "mail_driver": "maildir"}))
    plan = run(request(path, edit=make_edit("disable_plaintext_auth", False, [])))
    assert plan.tree == build({"mail_driver": "maildir", "auth_allow_cleartext": True})
    plan = run(request(path, edit=make_edit("quota_rule", "*:storage=1G", ["plugin"])))
    assert "quota_storage_size = 1G" in path.read_text()
    assert not compute(request(path, edit=make_edit("quota_storage_size", "1G", [])), "2.4").changed


@pytest.mark.parametrize(("name", "blocks"), [("disable_plaintext_auth", []), ("quota_rule", ["plugin"])])
def test_nothing_is_dropped_by_a_name_of_2_3(tmp_path, name, blocks):
    path = tmp_path / "dovecot.conf"
    run(request(path, {"auth_allow_cleartext": False}))
    with pytest.raises(TreeError) as error:
        compute(request(path, edit=make_edit(name, None, blocks)), "2.4")
    assert "name of Dovecot 2.3" in str(error.value)


def test_secrets_of_a_file_beside_are_known(tmp_path):
    beside = tmp_path / "ldap"
    beside.write_text("uris = ldap://x\ndnpass = s3cret\n")
    settings = {"passdb": [{"driver": "ldap", "args": str(beside)}]}
    plan = compute(request(tmp_path / "dovecot.conf", settings), "2.4")
    assert "s3cret" in plan.secrets
    assert plan.changes[-1].access.mode == 0o600
    assert "s3cret" not in str(diff(plan.changes))


def test_a_secret_is_not_put_where_all_can_read_it(tmp_path):
    wish = request(tmp_path / "dovecot.conf", {"doveadm_password": "s3cret"}, mode=0o644)
    with pytest.raises(PlanError, match="lets every user"):
        compute(wish, "2.4")
    assert compute(request(tmp_path / "x.conf", {"doveadm_password": "s3cret"}, mode=0o640), "2.4").changed
