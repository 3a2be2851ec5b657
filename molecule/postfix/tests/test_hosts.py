"""The servers from within: listeners, instances, logs, and no complaints."""

from __future__ import annotations

import pytest
from dialogue import connect


def test_postscreen_stands_before_one_of_the_servers(server):
    command = {"example.org": "smtpd", "example.net": "postscreen"}[server.domain]
    assert server.host.check_output("postconf -M smtp/inet").split()[7] == command


def test_a_second_instance_runs_beside_the_first(server):
    assert "postfix-out" in server.host.check_output("postmulti -l")
    greeting = server.host.check_output("timeout 5 bash -c 'head -n 1 < /dev/tcp/127.0.0.1/2600'")
    assert greeting.startswith(f"220 out.{server.domain} ESMTP second instance")


def test_log_lines_go_to_a_file_that_is_rotated(server, mark):
    with connect(server.ipv4, 2526) as session:
        session.docmd(f"MAIL FROM:<{mark}@friend.example>")
        session.docmd("RCPT TO:<nobody>")
    server.logged(mark)
    server.host.check_output("logrotate --force $(grep -l /var/log/postfix.log /etc/logrotate.d/*)")
    assert mark not in server.host.run("cat /var/log/postfix.log").stdout
    with connect(server.ipv4, 2526) as session:
        session.docmd(f"MAIL FROM:<after-{mark}@friend.example>")
        session.docmd("RCPT TO:<nobody>")
    server.logged(f"after-{mark}")


@pytest.mark.parametrize("command", ["postfix check", "postconf -n", "postconf -M"])
def test_the_tools_have_nothing_to_complain_about(server, command):
    result = server.host.run(command)
    assert (result.rc, result.stderr) == (0, "")


def test_passwords_are_for_root_alone(server):
    folders = "'(' -path '/etc/postfix/*' -o -path '/etc/postfix-*' ')'"
    search = f"find /etc -type f {folders} -exec grep -lF -e Correct-Horse-1 {{}} +"
    files = server.host.check_output(search).splitlines()
    assert files
    for name in files:
        assert server.host.file(name).mode & 0o077 == 0, name


def test_no_error_is_in_the_log(server):
    log = server.host.check_output("cat /var/log/postfix.log*")
    assert [line for line in log.splitlines() if " error: " in line or " fatal: " in line or " panic: " in line] == []
