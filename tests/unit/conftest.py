"""Makes ansible_collections.postmaster.mail importable from the checkout, whatever folder it is in."""

from __future__ import annotations

import os
import pathlib

from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

_CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
_COLLECTIONS = _CHECKOUT / ".cache" / "collections"
_LINK = _COLLECTIONS / "ansible_collections" / "postmaster" / "mail"

_LINK.parent.mkdir(parents=True, exist_ok=True)
if not _LINK.exists():
    _LINK.symlink_to(os.path.relpath(_CHECKOUT, _LINK.parent))

_AnsibleCollectionFinder(paths=[str(_COLLECTIONS)])._install()
