"""Which rows a condition on happenings is about: whole ones, or their parts."""

from __future__ import annotations

from huitou.lake.happenings import Detail, Field, Happening, happenings
from huitou.segments.rules import Did

Level = Happening | Detail


def parts_of(did: Did) -> Detail | None:
    """The parts, when a field only they have is asked for; then they are what is counted."""
    happening = happenings()[did.happening]
    whole = {named.name for named in happening.fields}
    return happening.detail if any(w.field not in whole for w in did.where) else None


def level_of(did: Did) -> Level:
    """The rows that are counted, added up or dated."""
    return parts_of(did) or happenings()[did.happening]


def levels_of(did: Did) -> tuple[Level, ...]:
    """Every kind of row the answer rests on: those that are counted, and the wholes of parts."""
    parts = parts_of(did)
    return (parts, happenings()[did.happening]) if parts else (level_of(did),)


def field_of(name: str, did: Did) -> Field:
    """The field ``name``: of the parts where these are counted and have it, else of the whole."""
    return next(f for f in (*level_of(did).fields, *happenings()[did.happening].fields)
                if f.name == name)  # fmt: skip


def asks_products(did: Did) -> bool:
    """Whether a field of the catalogue is asked for."""
    return any(field_of(where.field, did).of_product for where in did.where)
