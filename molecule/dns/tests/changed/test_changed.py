"""After a change and after what was refused: both servers have the change, and what updates brought is still there."""

from __future__ import annotations

from ask import NS12, NS13, ask, serial, texts, wait_for


def test_a_new_record_reached_both(server):
    # The secondary would ask by itself only after an hour.
    assert wait_for(lambda: texts(ask(server, "new.example.org", "A"), "A") == {"192.0.2.77"})
    assert wait_for(lambda: serial(NS12, "example.org") == serial(NS13, "example.org"))


def test_updates_were_not_lost(server):
    for number in ("241", "242"):
        answer = ask(server, f"host-{number}.dynamic.example.org", "A")
        assert texts(answer, "A") == {"192.0.2.99"}
