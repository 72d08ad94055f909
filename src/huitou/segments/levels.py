"""Which rows a condition on happenings is about: whole ones, or their parts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from huitou.lake.happenings import Detail, Field, Happening, happenings
from huitou.segments.rules import Comparison, Did, Window

Level = Happening | Detail
# Comparisons of a count that only ask whether there is anything.
_WHETHER = (
    Comparison("gte", 1),
    Comparison("gt", 0),
    Comparison("eq", 0),
    Comparison("lt", 1),
    Comparison("lte", 0),
)


def parts_of(did: Did) -> Detail | None:
    """The parts, when a field only they have is asked for; then they are what is counted."""
    happening = happenings()[did.happening]
    whole = {named.name for named in happening.fields}
    return happening.detail if any(w.field not in whole for w in did.where) else None


def level_of(did: Did) -> Level:
    """The rows that are counted, added up or dated."""
    return parts_of(did) or happenings()[did.happening]


def asks_wholes(did: Did) -> bool:
    """Whether parts are counted of those wholes only that pass a condition of their own."""
    counted = level_of(did)
    return any(field_of(where.field, did) not in counted.fields for where in did.where)


def counts_wholes(did: Did) -> bool:
    """Whether it matters which wholes the parts found are of: not for whether there is any."""
    measure = did.measure
    is_whether = measure.kind == "count" and all(test in _WHETHER for test in measure.tests)
    return measure.kind in ("count", "average") and not is_whether


@dataclass
class Asked:
    """What conditions ask of one lake table: its columns, in which windows (None: at any time)."""

    level: Level
    columns: set[str] = field(default_factory=set)
    windows: list[Window] | None = field(default_factory=list)
    products: bool = False


def asked_of(dids: Iterable[Did]) -> dict[str, Asked]:
    """By lake table, all that the conditions rest on: what else changes moves nobody."""
    found: dict[str, Asked] = {}
    for did in dids:
        counted, whole = level_of(did), happenings()[did.happening]
        asked = found.setdefault(counted.table, Asked(counted))
        asked.columns |= {"member_id", counted.moment, *counted.where}
        asked.products |= asks_products(did)
        if asked.windows is not None:
            asked.windows.append(did.window)
        if isinstance(counted, Detail) and (counts_wholes(did) or asks_wholes(did)):
            asked.columns.add(counted.unit)
        if isinstance(counted, Detail) and asks_wholes(did):
            of_wholes = found.setdefault(whole.table, Asked(whole))
            of_wholes.columns |= {"member_id", counted.unit, *whole.where}
            of_wholes.windows = None
        named = [field_of(where.field, did) for where in did.where]
        named += [field_of(did.measure.of, did)] if did.measure.of else []
        for one in named:
            level = counted if one in counted.fields else whole
            key = level.product[0] if one.of_product and level.product else one.column
            found[level.table].columns |= {key, one.less} - {""}
    return found


def field_of(name: str, did: Did) -> Field:
    """The field ``name``: of the parts where these are counted and have it, else of the whole."""
    return next(f for f in (*level_of(did).fields, *happenings()[did.happening].fields)
                if f.name == name)  # fmt: skip


def asks_products(did: Did) -> bool:
    """Whether a field of the catalogue is asked for."""
    return any(field_of(where.field, did).of_product for where in did.where)
