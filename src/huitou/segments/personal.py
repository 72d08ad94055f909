"""What the room keeps about people: ids of members in files of the lake, nothing in its tables."""

from __future__ import annotations

from huitou.vault.personal import TableMap, declare

TABLES = (
    TableMap(
        "segments_segment",
        ("Segments", "人群"),
        plain={
            "slug": "the brand's word",
            "name": "the brand's word",
            "description": "the brand's words on an audience",
            "keeping": "a code",
            "looked_at": "the name of a folder",
            "problem": "what is wrong with a rule",
        },
    ),
    TableMap(
        "segments_segmentversion",
        ("Rules of segments", "人群规则"),
        plain={"rule": "conditions on many; no rule names a person"},
    ),
    TableMap(
        "segments_segmentrefresh",
        ("Refreshes of segments", "人群刷新"),
        plain={
            "figures": "the name of a folder",
            "tree_digest": "a digest of conditions on many",
            "base": "the name of a file of ids",
            "moved": "the name of a file of ids",
            "held": "names of files of ids",
        },
    ),
)


def declare_tables() -> None:
    """Declare the room's tables."""
    declare(TABLES)
