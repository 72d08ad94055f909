"""What happens to members, as rooms declare it: what a rule may ask "did they …?" about.

A happening is a kind of row of a lake table. Rooms register theirs beside their tables; the
builder, the sentence and the compiler of segments know them from here alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from huitou.lake.registry import tables

FIELD_KINDS = frozenset({"money", "count", "text", "shop"})
# Kinds that can be added up.
SUMMED_KINDS = frozenset({"money", "count"})
PRODUCTS = "product_dim"


@dataclass(frozen=True)
class Field:
    """Something a rule may ask of a happening.

    ``kind``: ``money`` (minor units), ``count``, ``text``, ``shop`` (a number inside, a slug
    in rules). The value is ``column``, less the column ``less``. With
    ``of_product`` the column is the catalogue's.
    """

    name: str
    kind: str
    label_zh: str
    label_en: str
    column: str
    less: str = ""
    of_product: bool = False


@dataclass(frozen=True)
class Detail:
    """The parts of a happening in a table of their own: an order's lines.

    ``unit`` is the column, in both tables, that says which parts belong together. ``where``,
    ``moment``, ``fields`` and ``product`` are as those of ``Happening``.
    """

    table: str
    unit: str
    moment: str
    fields: tuple[Field, ...]
    where: Mapping[str, Any] = field(default_factory=dict)
    product: tuple[str, str] | None = None


@dataclass(frozen=True)
class Happening:
    """One kind of thing that happens to a member.

    ``did_zh`` and ``did_en`` say it of somebody ("paid for an order"), ``one_zh``, ``one_en`` and
    ``many_en`` what is counted. ``where`` are columns and the values that make a row one of these.
    ``moment`` is the column of the instant. ``priced`` rows count only in the brand's currency.
    ``product`` names the column that leads to the catalogue, and the catalogue's column.
    """

    name: str
    did_zh: str
    did_en: str
    one_zh: str
    one_en: str
    many_en: str
    table: str
    moment: str
    fields: tuple[Field, ...]
    where: Mapping[str, Any] = field(default_factory=dict)
    priced: bool = False
    product: tuple[str, str] | None = None
    detail: Detail | None = None

    def named(self, name: str) -> Field | None:
        """The field ``name``, that of the parts first."""
        parts = self.detail.fields if self.detail else ()
        return next((f for f in (*parts, *self.fields) if f.name == name), None)


_HAPPENINGS: dict[str, Happening] = {}


def register_happening(happening: Happening) -> None:
    """Declare ``happening``; declaring the same one again is harmless.

    Raises ``ValueError`` for a table or column no lake table has, an unknown kind of field, or a
    name another one has.
    """
    _check_columns(happening)
    if _HAPPENINGS.setdefault(happening.name, happening) != happening:
        raise ValueError(f"two happenings are named {happening.name}")


def happenings() -> Mapping[str, Happening]:
    """Every declared happening by name."""
    return MappingProxyType(_HAPPENINGS)


def _check_columns(happening: Happening) -> None:
    levels: list[Happening | Detail] = [happening]
    if happening.detail:
        levels.append(happening.detail)
    for level in levels:
        wanted = {"member_id", "month", level.moment, *level.where}
        wanted |= {level.product[0]} if level.product else set()
        for said in level.fields:
            if said.kind not in FIELD_KINDS:
                raise ValueError(f"{happening.name}: {said.name} is of no known kind")
            if not said.of_product:
                wanted |= {said.column, said.less} - {""}
        unknown = wanted - set(tables()[level.table].schema.names)
        if unknown:
            raise ValueError(f"{happening.name}: {level.table} has no {', '.join(sorted(unknown))}")
