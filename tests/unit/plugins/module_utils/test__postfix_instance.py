# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._postfix_instance import (
    Directories,
    InstanceError,
    MailInstance,
    Setup,
    Wish,
    check_wish,
    describe,
    make_plan,
    mounts_below,
    systemd_unit,
)

PRIMARY = Directories("/etc/postfix", "/var/spool/postfix", "/var/lib/postfix")
OUT = MailInstance(
    "postfix-out",
    "mta",
    True,
    Directories("/etc/postfix-out", "/var/spool/postfix-out", "/var/lib/postfix-out"),
)
EMPTY = Setup(PRIMARY, False, {})
WITH_OUT = Setup(PRIMARY, True, {"postfix-out": OUT})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "out"}, "begin with 'postfix-'"),
        ({"name": "postfix"}, "begin with 'postfix-'"),
        ({"name": "postfix-"}, "begin with 'postfix-'"),
        ({"name": "postfix-a b"}, "begin with 'postfix-'"),
        ({"name": "postfix-../x"}, "begin with 'postfix-'"),
        ({"name": "postfix-out\n"}, "begin with 'postfix-'"),
        ({"group": "-"}, "name of a group"),
        ({"group": "a,b"}, "name of a group"),
        ({"started": True, "enabled": False}, "cannot be started"),
        ({"config_directory": "postfix-out"}, "absolute path"),
        ({"queue_directory": "/var"}, "absolute path"),
        ({"queue_directory": "/var/spool/"}, "absolute path"),
        ({"data_directory": "/var/lib/../x"}, "absolute path"),
        ({"data_directory": "/var/lib/a b"}, "take it apart"),
        ({"config_directory": "/etc/$x"}, "take it apart"),
    ],
)
def test_what_no_instance_can_have(options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        check_wish(Wish(**{"name": "postfix-out", **options}))


@pytest.mark.parametrize("options", [{}, {"group": ""}, {"state": "absent", "enabled": False, "started": True}])
def test_what_an_instance_can_have(options: dict[str, t.Any]) -> None:
    check_wish(Wish(**{"name": "postfix-out.2_b", **options}))


def test_a_new_instance_is_beside_the_primary_one() -> None:
    plan = make_plan(Wish("postfix-in"), EMPTY)
    assert plan.changed
    assert plan.initialise
    assert plan.before is None
    assert plan.after == MailInstance(
        "postfix-in",
        "",
        True,
        Directories("/etc/postfix-in", "/var/spool/postfix-in", "/var/lib/postfix-in"),
        started=False,
    )


def test_a_new_instance_elsewhere() -> None:
    plan = make_plan(Wish("postfix-in", queue_directory="/srv/in/queue", group="g", started=True), WITH_OUT)
    assert not plan.initialise
    assert plan.after is not None
    assert plan.after.directories.each == ("/etc/postfix-in", "/srv/in/queue", "/var/lib/postfix-in")
    assert (plan.after.group, plan.after.started) == ("g", True)


@pytest.mark.parametrize(
    ("options", "running", "changes"),
    [
        ({}, None, {}),
        ({"group": "mta"}, None, {}),
        ({"group": "x"}, None, {"group": "x"}),
        ({"group": ""}, None, {"group": ""}),
        ({"started": True}, True, {}),
        ({"started": True}, False, {"started": True}),
        ({"started": False}, True, {"started": False}),
        ({"enabled": False}, True, {"enabled": False, "started": False}),
        ({"enabled": False}, False, {"enabled": False}),
        ({"config_directory": "/etc/postfix-out", "data_directory": "/var/lib/postfix-out"}, None, {}),
    ],
)
def test_an_instance_that_is_there(options: dict[str, t.Any], running: bool | None, changes: dict[str, t.Any]) -> None:
    present = MailInstance(**{**vars(OUT), "started": running})
    plan = make_plan(Wish("postfix-out", **options), Setup(PRIMARY, True, {"postfix-out": present}))
    assert plan.before == present
    assert plan.after == MailInstance(**{**vars(present), **changes})
    assert plan.changed == bool(changes)


def test_removal() -> None:
    assert make_plan(Wish("postfix-out", state="absent"), WITH_OUT).changed
    assert not make_plan(Wish("postfix-in", state="absent"), WITH_OUT).changed


@pytest.mark.parametrize("option", ["config_directory", "queue_directory", "data_directory"])
def test_directories_cannot_be_changed(option: str) -> None:
    with pytest.raises(InstanceError, match="cannot be changed"):
        make_plan(replace(Wish("postfix-out"), **{option: "/srv/other"}), WITH_OUT)


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("/var/spool", "the primary instance"),
        ("/var/spool/postfix", "the primary instance"),
        ("/var/spool/postfix/in", "the primary instance"),
        ("/var/lib/postfix-out", "the instance 'postfix-out'"),
        ("/etc/postfix-out/queue", "the instance 'postfix-out'"),
    ],
)
def test_directories_are_not_shared(path: str, owner: str) -> None:
    with pytest.raises(InstanceError, match=f"belongs to {owner}"):
        make_plan(Wish("postfix-in", queue_directory=path), WITH_OUT)


def test_shared_directories_are_not_removed() -> None:
    shared = MailInstance("postfix-in", "", True, Directories("/etc/postfix-in", "/var/spool/postfix", "/var/lib/in"))
    with pytest.raises(InstanceError, match="is not its own"):
        make_plan(Wish("postfix-in", state="absent"), Setup(PRIMARY, True, {"postfix-in": shared}))


def test_description() -> None:
    assert describe(None) == ""
    assert describe(OUT) == (
        "name = postfix-out\n"
        "group = mta\n"
        "enabled = yes\n"
        "started = -\n"
        "config_directory = /etc/postfix-out\n"
        "queue_directory = /var/spool/postfix-out\n"
        "data_directory = /var/lib/postfix-out\n"
    )


DEBIAN_12 = "ExecStart=/usr/sbin/postmulti -i %i -p start\n"
DEBIAN_13 = "Environment=MAIL_CONFIG=/etc/postfix-%I\nExecStart=postfix debian-systemd-start\n"


@pytest.mark.parametrize(
    ("template", "name", "config", "unit"),
    [
        (DEBIAN_12, "postfix-out", "/etc/postfix-out", "postfix@postfix-out.service"),
        (DEBIAN_12, "postfix-out", "/srv/out", "postfix@postfix-out.service"),
        (DEBIAN_13, "postfix-out", "/etc/postfix-out", "postfix@out.service"),
        (DEBIAN_13, "postfix-a", "/etc/postfix-out-2", "postfix@out\\x2d2.service"),
        (DEBIAN_13, "postfix-out", "/srv/postfix-out", ""),
        (DEBIAN_13, "postfix-out", "/etc/out", ""),
        ("ExecStart=/usr/sbin/postfix start\n", "postfix-out", "/etc/postfix-out", ""),
        ("", "postfix-out", "/etc/postfix-out", ""),
    ],
)
def test_unit(template: str, name: str, config: str, unit: str) -> None:
    assert systemd_unit(template, name, config) == unit


def test_mounts() -> None:
    mounts = (
        "tmpfs /var/spool/postfix-out tmpfs rw 0 0\n"
        "/dev/sda1 /var/spool/postfix-out/dev\\040log ext4 rw 0 0\n"
        "/dev/sda1 /var/spool/postfix-outer/x ext4 rw 0 0\n"
        "\n"
    )
    assert mounts_below(mounts, "/var/spool/postfix-out") == ["/var/spool/postfix-out/dev log"]
