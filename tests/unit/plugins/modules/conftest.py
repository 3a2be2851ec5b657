from __future__ import annotations

import pytest
from ansible.module_utils import _internal


@pytest.fixture(autouse=True)
def _on_a_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module returns its warnings; once a test has imported code of the controller, Ansible prints them instead."""
    monkeypatch.setattr(_internal, "is_controller", False)
