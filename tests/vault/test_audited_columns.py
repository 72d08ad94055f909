"""What the map calls personal never reaches the audit log in clear."""

from __future__ import annotations

from huitou.config.audited import TABLES
from huitou.vault.personal import Erase, tables


def test_personal_columns_are_hidden_in_the_audit_log() -> None:
    shown = {
        f"{table.table}.{column}"
        for table in tables().values()
        for column, personal in table.personal.items()
        if personal.erase not in (Erase.KEEP, Erase.RENEW)
        and TABLES[table.table].mode != "exempt"
        and column not in TABLES[table.table].personal
    }
    assert shown == set()
