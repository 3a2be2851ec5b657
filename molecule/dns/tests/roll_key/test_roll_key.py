"""The key that signs keys gets a successor, and the zone says so to its parent."""

from __future__ import annotations

import dns.dnssec
from ask import NS12, ask, texts, wait_for
from roll import ZONE, published, signers, states

PATIENCE = 300


def test_the_parent_is_told_of_the_new_key(host):
    [old] = published("KSK")
    # What a parent would do, which this zone does not have.
    host.check_output(f"rndc dnssec -checkds -key {old} published {ZONE}")
    assert wait_for(lambda: states(host, old).get("DSState") == "omnipresent", PATIENCE)
    host.check_output(f"rndc dnssec -rollover -key {old} {ZONE}")
    assert wait_for(lambda: len(published("KSK")) == 2, PATIENCE)
    [new] = published("KSK") - {old}
    assert wait_for(lambda: signers("DNSKEY") == {old, new}, PATIENCE)
    assert wait_for(lambda: {int(text.split()[0]) for text in texts(ask(NS12, ZONE, "CDS"), "CDS")} == {new}, PATIENCE)
    keys = [data for rrset in ask(NS12, ZONE, "CDNSKEY").answer for data in rrset]
    assert [dns.dnssec.key_id(key) for key in keys] == [new]
