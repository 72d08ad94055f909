"""Tags on members and acts on tags, with the segments that did it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from huitou.members.carried import CarriedTag, TagOrigin
from huitou.members.tags import TagChangeView
from huitou.segments.queries import segment_names

# The slug and the name of a segment; None for what people, imports and others put.
SegmentName = tuple[str, str] | None


@dataclass(frozen=True)
class TagRow:
    """A tag a member carries; ``is_by_hand`` when somebody or something but a segment put it."""

    tag: CarriedTag
    origins: list[tuple[TagOrigin, SegmentName]]

    @property
    def is_by_hand(self) -> bool:
        """Whether there is something to remove: a segment puts its own again."""
        return any(origin.rule_ref is None for origin, _ in self.origins)


def tag_rows(carried: Sequence[CarriedTag]) -> list[TagRow]:
    """The tags of one member: one query."""
    refs = {origin.rule_ref for tag in carried for origin in tag.origins} - {None}
    names = segment_names(ref for ref in refs if ref)
    return [
        TagRow(tag, [(origin, names.get(origin.rule_ref or 0)) for origin in tag.origins])
        for tag in carried
    ]


def change_rows(changes: Sequence[TagChangeView]) -> list[tuple[TagChangeView, SegmentName]]:
    """Acts on tags, each with the segment that acted: one query."""
    names = segment_names(change.rule_ref for change in changes if change.rule_ref)
    return [(change, names.get(change.rule_ref or 0)) for change in changes]
