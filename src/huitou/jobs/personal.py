"""What jobs keeps about people: at most a name within a file's name or an error's text."""

from __future__ import annotations

from huitou.vault.personal import Category, Erase, Personal, Shown, TableMap, declare

_TEXT = Personal(Category.CONTENT, Erase.SCRUB, Shown.CLEAR)


TABLES = (
    TableMap(
        "jobs_job",
        ("Jobs", "任务"),
        personal={"subject": _TEXT, "message": _TEXT},
        plain=dict.fromkeys(("kind", "state", "step", "result_url"), "a code or an address"),
        searched="t.brand_id = %(brand)s",
    ),
)


def declare_tables() -> None:
    """Declare the room's tables."""
    declare(TABLES)
