"""What the upgraded server looks like from inside."""

from __future__ import annotations

import pytest


def test_all_packages_are_those_of_the_next_release(host):
    assert host.check_output("cat /etc/debian_version").startswith("13.")
    assert host.package("dovecot-core").version.startswith("1:2.4.")
    assert host.package("postfix").version.startswith("3.10.")
    assert host.check_output("dpkg --audit") == ""


@pytest.mark.parametrize("service", ["unbound", "postfix", "dovecot"])
def test_services_run_and_start_at_boot(host, service):
    assert host.service(service).is_running
    assert host.service(service).is_enabled


@pytest.mark.parametrize("command", ["postfix check", "postconf -n", "doveconf -n -x"])
def test_the_tools_have_nothing_to_complain_about(host, command):
    result = host.run(command)
    assert result.rc == 0
    assert result.stderr == ""


def test_no_old_index_troubles_dovecot(host):
    start = host.check_output("systemctl show --property ActiveEnterTimestamp --value dovecot")
    lines = host.check_output(f"journalctl --no-pager --quiet --since '{start}' -p err -u dovecot -o cat").splitlines()
    # Said once of each compiled script of a user.
    assert [line for line in lines if "automatically fixed when re-compiled" not in line] == []
