from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.filter import postfix_composition, postfix_relay_attempts

compose = postfix_composition.FilterModule().filters()["postfix_composition"]
attempts = postfix_relay_attempts.FilterModule().filters()["postfix_relay_attempts"]


def test_faults_reach_the_user():
    host = {
        "directory": "/x",
        "chroot": "n",
        "compatibility_level": "2",
        "ca_file": "/ca",
        "known": [],
        "accounts": {"domains": [], "mailboxes": {}, "aliases": {}, "sender_logins": {}},
        "dns_lists": {},
        "tls_directory": "/tls",
        "tls_key_types": ["ECC"],
        "client_certificates": {},
    }
    with pytest.raises(AnsibleFilterError, match="postfix_composition: .*lets everybody relay"):
        compose({"message_size_limit": 1, "mailbox_size_limit": 0, "postscreen_threshold": 1}, host)


def test_attempts_are_dictionaries():
    (first, second) = attempts(["smtp"], addresses=["198.51.100.1"], domains=["example.org"])
    assert first["host"] == "198.51.100.1"
    assert (first["sender"], second["sender"]) == ("", "postmaster@example.org")


@pytest.mark.parametrize(("addresses", "domains"), [(["nonsense"], ["example.org"]), (["198.51.100.1"], [])])
def test_what_is_no_address_is_refused(addresses, domains):
    with pytest.raises(AnsibleFilterError, match="postfix_relay_attempts"):
        attempts(["smtp"], addresses=addresses, domains=domains)
