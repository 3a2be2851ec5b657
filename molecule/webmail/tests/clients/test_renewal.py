"""What is signed stays signed by the certificate that is in use."""

from __future__ import annotations

import json

from web import Web


def test_a_renewed_certificate_signs_anew(web: Web) -> None:
    path = f"/etc/postmaster/tls/{web.hostname}.json"
    config = web.host.file(path).content_string
    url = f"https://{web.hostname}/setup/{web.domains[0]}/imap.mobileconfig"
    profile, before = web.unsigned(web.fetch(url).body)
    # More than a certificate has, less than the authority behind it.
    due = json.dumps({**json.loads(config), "renew_before_days": 100})
    try:
        web.host.check_output("printf %%s %s > %s", due, path)
        web.host.check_output("/usr/local/sbin/postmaster-mail-tls renew %s", web.hostname)
    finally:
        web.host.check_output("printf %%s %s > %s", config, path)
    again, after = web.unsigned(web.fetch(url).body)
    assert again == profile
    assert after == web.serial_of(web.hostname) != before
