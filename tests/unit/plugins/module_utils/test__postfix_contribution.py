# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._master_cf import EntryError, parse_entry
from ansible_collections.postmaster.mail.plugins.module_utils._postconf_task import PostfixAbsentError, TaskError
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_activation import ActivationError
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_contribution import Request, Result, foresee
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_shares import contributions


def service(name: str, kind: str, **fields: t.Any) -> dict[str, t.Any]:
    return {"services": [{"name": name, "type": kind, **fields}]}


def test_everything_that_is_withdrawn_is_as_before(shared_postfix: t.Any, share: dict[str, t.Any]) -> None:
    before = shared_postfix.state()
    done = shared_postfix.say("a", share)
    assert shared_postfix.parameters() == {
        "biff": "yes",
        "old_typo": "1",
        "mydestination": "localhost, x",
        "smtpd_milters": "inet:127.0.0.1:1",
    }
    assert shared_postfix.services() == [
        "smtp inet n - n - 5 smtpd",
        "qmgr unix n - n - - qmgr",
        "587 inet n - - - - smtpd",
    ]
    assert done.changed
    assert (done.action, done.restart_required, done.reload_required) == ("reload", False, False)
    assert [(answer.listener.port, answer.reply) for answer in done.answers] == [(25, "answered"), (587, "answered")]
    assert done.plan.taken_over() == {
        "params": {"biff": "no", "relayhost": "a, b"},
        "services": {
            "relay/unix": "relay unix - - n - - smtp",
            "smtp/inet": "smtp inet n - n - - smtpd -o biff=yes",
        },
    }
    back = shared_postfix.say("a")
    assert shared_postfix.state() == before
    assert (shared_postfix.folder / "master.cf").read_text().startswith("# kept\n")
    assert back.plan.restored == [
        *("biff", "mydestination", "relayhost", "smtpd_milters"),
        *("587/inet", "relay/unix", "smtp/inet"),
    ]
    assert not shared_postfix.say("a").changed


def test_nothing_is_done_twice(shared_postfix: t.Any, share: dict[str, t.Any]) -> None:
    shared_postfix.say("a", share)
    ledger = shared_postfix.folder / "postmaster.json"
    stamp = ledger.stat().st_ino
    shared_postfix.calls.clear()
    shared_postfix.steps.clear()
    again = shared_postfix.say("a", share)
    assert again == Result(plan=again.plan)
    assert shared_postfix.calls == ["-n", "-M", "-d"]
    assert shared_postfix.steps == []
    assert ledger.stat().st_ino == stamp


def test_check_mode_plans_the_same_and_writes_nothing(shared_postfix: t.Any, share: dict[str, t.Any]) -> None:
    before = shared_postfix.state()
    checked = shared_postfix.say("a", share, check_mode=True)
    assert shared_postfix.state() == before
    assert shared_postfix.steps == []
    applied = shared_postfix.say("a", share)
    assert checked.plan == applied.plan
    assert (checked.action, checked.changed) == (applied.action, applied.changed)
    assert [answer.listener for answer in checked.answers] == [answer.listener for answer in applied.answers]
    assert {answer.reply for answer in checked.answers} == {None}


def test_a_call_replaces_what_its_owner_said_and_nothing_else(shared_postfix: t.Any) -> None:
    shared_postfix.say("a", {"params": {"biff": True}}, {"lists": {"smtpd_milters": ["a"]}})
    shared_postfix.say("b", {"order": 100, "lists": {"smtpd_milters": ["b"]}})
    assert shared_postfix.parameters()["smtpd_milters"] == "b, a"
    shared_postfix.say("a", {"lists": {"smtpd_milters": ["c"]}})
    assert (shared_postfix.parameters()["smtpd_milters"], shared_postfix.parameters()["biff"]) == ("b, c", "no")
    shared_postfix.say("a")
    assert shared_postfix.parameters()["smtpd_milters"] == "b"
    shared_postfix.say("b")
    assert "smtpd_milters" not in shared_postfix.parameters()


def test_what_changes_for_the_ledger_alone_is_a_change_without_reload(shared_postfix: t.Any) -> None:
    shared_postfix.say("a", {"params": {"biff": True}})
    shared_postfix.steps.clear()
    also = shared_postfix.say("b", {"params": {"biff": True}})
    assert (also.changed, also.action, shared_postfix.steps) == (True, "none", [])
    assert also.plan.diff() == [
        {
            "before": "a: 0 (order 500)\n",
            "after": "a: 0 (order 500)\nb: 0 (order 500)\n",
            "before_header": "postmaster.json",
            "after_header": "postmaster.json",
        }
    ]
    assert not shared_postfix.say("a").plan.params
    assert shared_postfix.parameters()["biff"] == "yes"


def test_what_somebody_else_edits_is_set_again_and_given_back_in_the_end(shared_postfix: t.Any) -> None:
    shared_postfix.say("a", {"params": {"biff": True}})
    (shared_postfix.folder / "main.cf").write_text("biff = $relayhost\n")
    (change,) = shared_postfix.say("a", {"params": {"biff": True}}).plan.params
    assert (change.before, change.after) == ("$relayhost", "yes")
    (shared_postfix.folder / "main.cf").write_text("relayhost = c\n")
    shared_postfix.say("a")
    assert shared_postfix.parameters() == {"relayhost": "c", "biff": "no"}


@pytest.mark.parametrize(("up", "reload", "action", "due"), [(False, True, "none", False), (True, False, "none", True)])
def test_only_the_files_change(shared_postfix: t.Any, up: bool, reload: bool, action: str, due: bool) -> None:
    shared_postfix.up = up
    done = shared_postfix.say("a", {"params": {"biff": True, "inet_interfaces": "127.0.0.1"}}, reload=reload)
    assert (done.action, done.reload_required, done.restart_required) == (action, due, True)
    assert (shared_postfix.steps, done.answers) == ([], ())
    again = shared_postfix.say("a", {"params": {"biff": True, "inet_interfaces": "127.0.0.1"}}, reload=reload)
    assert (again.changed, again.reload_required, again.restart_required) == (False, False, False)


def test_a_restart_where_a_reload_is_not_enough(shared_postfix: t.Any) -> None:
    done = shared_postfix.say("a", {"params": {"inet_interfaces": "192.0.2.1"}})
    assert (done.action, done.restart_required, shared_postfix.steps) == ("restart", True, ["restart"])
    assert [answer.listener.address for answer in done.answers] == ["192.0.2.1"]


def test_a_change_that_is_not_taken_leaves_no_trace(shared_postfix: t.Any) -> None:
    shared_postfix.say("b", {"lists": {"smtpd_milters": ["b"]}})
    before = shared_postfix.files()
    shared_postfix.steps.clear()
    with pytest.raises(ActivationError, match="nothing answers for smtp/inet .*It logged: .*dislikes it"):
        shared_postfix.say("a", {"params": {"relayhost": "bad"}}, service("relay", "unix", state="absent"))
    assert shared_postfix.files() == before
    assert shared_postfix.steps == ["reload", "restart"]


def test_services_return_to_their_place(shared_postfix: t.Any) -> None:
    (shared_postfix.folder / "master.cf").write_text(
        "".join(f"{name} unix - - - - - smtp\n" for name in ("one", "two", "three", "four"))
    )
    before = (shared_postfix.folder / "master.cf").read_bytes()
    shared_postfix.say("a", *(service(name, "unix", state="absent") for name in ("three", "two", "one")))
    shared_postfix.say("a")
    assert (shared_postfix.folder / "master.cf").read_bytes() == before


def test_a_service_without_a_command_does_not_keep_its_giver_from_leaving(shared_postfix: t.Any) -> None:
    shared_postfix.say("a", service("587", "inet", command="smtpd"))
    shared_postfix.say("b", service("587", "inet", maxproc="5"))
    done = shared_postfix.say("a")
    assert "Nobody names a command for service '587/inet'" in done.notes[0]
    assert not any(line.startswith("587") for line in shared_postfix.services())
    with pytest.raises(EntryError, match="no command"):
        shared_postfix.say("b", service("587", "inet", maxproc="6"))


def test_secrets_stay_out_of_sight(shared_postfix: t.Any) -> None:
    maps = {"params": {"smtp_sasl_password_maps": "static:me:hidden-from-all"}}
    options = service("relay", "unix", options={"smtp_sasl_password_maps": "static:me:also hidden"})
    for owner, shares in (("a", (maps, options)), ("a", ())):
        done = shared_postfix.say(owner, *shares)
        shown = repr([done.plan.diff(), done.plan.taken_over(), [change.public() for change in done.plan.params]])
        assert "(hidden" in shown
        assert "hidden-from-all" not in shown
        assert "also hidden" not in shown
        if shares:
            assert "hidden-from-all" in (shared_postfix.folder / "main.cf").read_text()
            assert "{smtp_sasl_password_maps=static:me:also hidden}" in "".join(shared_postfix.services())
    said = " ".join(word for argv in shared_postfix.argv for word in argv)
    assert "smtp_sasl_password_maps=" in said
    assert "hidden-from-all" not in said
    assert "also hidden" not in said


@pytest.mark.parametrize(
    ("share", "message"),
    [
        ({"params": {"relay_host": "b"}}, r"'relay_host' \(did you mean relayhost\?\)"),
        ({"lists": {"smtpd_milter": ["b"]}}, r"'smtpd_milter' \(did you mean smtpd_milters\?\)"),
        ({"params": {"biff": "$biff"}}, "'biff' refers to"),
        (service("relay", "unix", options={"biff": "$biff"}), "Service 'relay/unix': .*refers to"),
        (service("25", "inet", command="smtpd"), "as 'smtp/inet' does already"),
        (service("588", "inet"), "no command"),
    ],
)
def test_refusals_leave_everything_alone(shared_postfix: t.Any, share: dict[str, t.Any], message: str) -> None:
    before = shared_postfix.files()
    with pytest.raises((TaskError, EntryError), match=message):
        shared_postfix.say("a", share)
    assert shared_postfix.files() == before
    assert shared_postfix.steps == []


def test_names_of_others_are_not_looked_at_again(shared_postfix: t.Any) -> None:
    shared_postfix.say("a", {"params": {"my_own": "b"}}, allow_unknown=True)
    shared_postfix.say("b", {"params": {"biff": True}})
    with pytest.raises(TaskError, match="'my_own'"):
        shared_postfix.say("a", {"params": {"my_own": "b"}})


def test_a_damaged_ledger_stops_everything(shared_postfix: t.Any, share: dict[str, t.Any]) -> None:
    (shared_postfix.folder / "postmaster.json").write_text("{}")
    with pytest.raises(TaskError, match=r"postmaster\.json is damaged"):
        shared_postfix.say("a", share)
    assert (shared_postfix.folder / "main.cf").read_text() == "biff = no\nold_typo = 1\nrelayhost = a,\n b\n"


def test_an_absent_configuration_is_told_apart(shared_postfix: t.Any, share: dict[str, t.Any]) -> None:
    os.unlink(shared_postfix.folder / "main.cf")
    with pytest.raises(PostfixAbsentError, match="Install the package postfix"):
        shared_postfix.say("a", share)
    shared_postfix.folder = shared_postfix.folder / "nosuch"
    with pytest.raises(PostfixAbsentError, match="Install the package postfix"):
        shared_postfix.say("a", share)


def test_what_a_host_without_postfix_will_get(share: dict[str, t.Any]) -> None:
    done = foresee(Request("a", contributions("a", [{"name": "n", **share}])))
    assert done.changed
    assert {change.name: change.after for change in done.plan.params} == {
        "biff": "yes",
        "mydestination": "x",
        "smtpd_milters": "inet:127.0.0.1:1",
    }
    assert [change.service for change in done.plan.services] == ["587/inet", "smtp/inet"]
    assert done.plan.services[0].after == parse_entry("587 inet n - - - - smtpd")
    assert not foresee(Request("a", ())).changed
