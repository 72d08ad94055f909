"""What privacy itself keeps: hashes, counts, and, sealed while an erasure runs, what it seeks."""

from __future__ import annotations

from huitou.vault.personal import TableMap, declare

TABLES = (
    TableMap(
        "privacy_privacyrequest",
        ("Privacy requests", "隐私请求"),
        plain={
            "kind": "a code",
            "state": "a code",
            "accounts": "row numbers of anonymous rows",
            "reason": "why staff did it; the form asks not to name the person",
            "steps_done": "codes",
            "effect": "counts",
            "problem": "names imports by number",
            "sought": "sealed, and emptied when the erasure is done",
        },
    ),
    TableMap(
        "privacy_tombstone",
        ("Tombstones", "删除标记"),
        plain={"kind": "a code", "digest": "a keyed hash, kept so that erasure lasts"},
    ),
    TableMap("privacy_erasedaccount", ("Erased accounts", "已删除账户")),
)


def declare_tables() -> None:
    """Declare the room's tables."""
    declare(TABLES)
