"""The key that signs the zone is replaced by another one."""

from __future__ import annotations

from ask import wait_for
from roll import ZONE, published, signers, states

PATIENCE = 300


def test_the_zone_key_rolls(host):
    [old] = published("ZSK")
    assert wait_for(lambda: states(host, old).get("ZRRSIGState") == "omnipresent", PATIENCE)
    host.check_output(f"rndc dnssec -rollover -key {old} {ZONE}")
    # The new one is published before it signs, and the old one is published until nobody needs it.
    assert wait_for(lambda: len(published("ZSK")) == 2, PATIENCE)
    [new] = published("ZSK") - {old}
    assert wait_for(lambda: signers("A", f"www.{ZONE}") == {new}, PATIENCE)
    assert wait_for(lambda: published("ZSK") == {new}, PATIENCE)
