from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.filter.dovecot_composition import FilterModule

dovecot_composition = FilterModule().filters()["dovecot_composition"]


def test_faults_reach_the_user():
    tls = {"hybrid_groups": [], "dh_file": "", "tls_directory": "/tls", "tls_key_types": ["ECC"]}
    host = {"folder": "/x", "libexec": "/x", "auth_group": "x", "fts": False, "ports_of_others": {}, **tls}
    with pytest.raises(
        AnsibleFilterError, match="dovecot_composition: .*dovecot_passdbs is empty: nobody could log in"
    ):
        dovecot_composition({"protocols": ["imap"]}, host)
