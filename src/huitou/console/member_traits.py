"""What insight says of one member, as the facts of a page, theme by theme."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from huitou.brands.models import Brand
from huitou.console.figures import words
from huitou.console.member_rows import local_day
from huitou.insight.traits import THEMES, Trait
from huitou.insight.traits.declaration import CONFIDENCE


@dataclass(frozen=True)
class Tile:
    """A trait with its words; ``kind`` decides how ``value`` is written.

    ``confidence`` (0 to 1) is that of an inferred trait.
    """

    name: str
    label: str
    explanation: str
    kind: str
    value: Any
    confidence: float | None = None


@dataclass(frozen=True)
class TileGroup:
    """The known traits of a theme."""

    label: str
    tiles: list[Tile]


def tile_groups(
    traits: Mapping[str, Any], brand: Brand, *, left_out: Collection[str] = ()
) -> list[TileGroup]:
    """What is known of a member by theme; what has no value is left out, as is ``left_out``."""
    groups = []
    for theme in THEMES:
        tiles = [
            _tile(trait, traits, brand)
            for trait in theme.traits
            if traits.get(trait.name) is not None
            and not trait.confidence_of
            and trait.name not in left_out
        ]
        if tiles:
            groups.append(TileGroup(words(theme), tiles))
    return groups


def shown(trait: Trait, value: Any, brand: Brand) -> Any:
    """A value as people read it: codes in words, instants as local dates."""
    if value is None:
        return None
    if trait.kind == "code":
        return words(trait.label_of(value), "")
    if trait.kind == "boolean":
        return _("Yes") if value else _("No")
    return local_day(value, brand) if trait.kind == "time" else value


def _tile(trait: Trait, traits: Mapping[str, Any], brand: Brand) -> Tile:
    return Tile(
        name=trait.name,
        label=words(trait),
        explanation=words(trait, "explain"),
        kind=trait.kind,
        value=shown(trait, traits[trait.name], brand),
        confidence=traits.get(trait.name + CONFIDENCE),
    )
