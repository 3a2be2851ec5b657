"""The parent has the new key, and the old one goes."""

from __future__ import annotations

from ask import NS12, ask, texts, wait_for
from roll import ZONE, published, states

PATIENCE = 300


def test_the_old_key_goes(host):
    [new] = {int(text.split()[0]) for text in texts(ask(NS12, ZONE, "CDS"), "CDS")}
    [old] = published("KSK") - {new}
    host.check_output(f"rndc dnssec -checkds -key {new} published {ZONE}")
    host.check_output(f"rndc dnssec -checkds -key {old} withdrawn {ZONE}")
    assert wait_for(lambda: published("KSK") == {new}, PATIENCE)
    assert wait_for(lambda: states(host, new).get("DSState") == "omnipresent", PATIENCE)
