"""A server that no longer tells mail programs anything."""

from __future__ import annotations

from testinfra.host import Host


def test_nothing_is_left(host: Host) -> None:
    for path in (
        "/var/lib/postmaster-mail/clients",
        "/etc/postmaster/autodiscover.json",
        "/etc/postmaster/clients.json",
        "/etc/postmaster/tls/hooks.d/60-clients",
        "/etc/systemd/system/postmaster-mail-autodiscover.socket",
        "/run/postmaster-mail-autodiscover.sock",
    ):
        assert not host.file(path).exists, path
    assert "autoconfig" not in host.check_output(
        "cat /etc/nginx/conf.d/*.conf /etc/apache2/sites-enabled/*.conf 2>/dev/null || :"
    )
