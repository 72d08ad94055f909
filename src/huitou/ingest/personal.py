"""What ingest keeps about people: refused rows as they came, and the texts around a file.

The files themselves are dealt with in ``ingest.erasure``.
"""

from __future__ import annotations

from huitou.vault.personal import (
    Category,
    Erase,
    Personal,
    Retention,
    Shown,
    TableMap,
    declare,
)

# A year and a half: longer than any platform lets a shop export an order again.
QUARANTINE_DAYS = 540
_TEXT = Personal(Category.CONTENT, Erase.SCRUB, Shown.CLEAR)
_ROW = Personal(Category.COPY, Erase.EMPTY, Shown.CLEAR)


TABLES = (
    TableMap(
        "ingest_batch",
        ("Imports", "导入批次"),
        personal=dict.fromkeys(("file_name", "header", "error"), _TEXT),
        plain={
            "file_path": "a digest",
            "file_sha256": "a digest",
            "format": "a code",
            "mapping": "names columns",
            "state": "a code",
            "warnings": "codes and counts",
            "retry_rows": "row numbers",
        },
        searched="t.brand_id = %(brand)s",
    ),
    TableMap(
        "ingest_quarantinedrow",
        ("Quarantined rows", "隔离行"),
        personal={"original": _ROW, "value": _ROW},
        plain={"code": "a code", "column": "names a column"},
        searched="t.batch_id in (select id from ingest_batch where brand_id = %(brand)s)",
        retention=Retention(
            QUARANTINE_DAYS,
            "t.original <> '[]'::jsonb and t.batch_id in"
            " (select id from ingest_batch where created_at < %(before)s)",
            delete=False,
        ),
    ),
    TableMap(
        "ingest_savedmapping",
        ("Saved mappings", "列映射"),
        personal={"name": _TEXT},
        plain={"header_digest": "a digest", "mapping": "names columns"},
        searched="t.brand_id = %(brand)s",
    ),
)


def declare_tables() -> None:
    """Declare the room's tables."""
    declare(TABLES)
