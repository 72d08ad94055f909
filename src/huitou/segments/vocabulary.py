"""The words a brand's rules may use, and what kind of value each takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from huitou.insight.traits import BY_NAME, Trait
from huitou.lake.happenings import Happening, happenings

# Kinds of trait that are whole numbers, those with a fraction, and those that are times.
NUMBER_KINDS = frozenset({"count", "days", "money", "score"})
DECIMAL_KINDS = frozenset({"ratio", "number"})
TIME_KINDS = frozenset({"date", "time"})
# Kinds of trait with a few values, one of which a member has.
VALUE_KINDS = frozenset({"code", "text", "boolean"})


@dataclass(frozen=True)
class Word:
    """Something with a key inside and a word on screen; ``kind`` and ``choices`` as of a trait."""

    key: str
    word: str
    kind: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class SegmentWord:
    """A segment a rule may name: its own rule as data, or none when it is frozen.

    ``puts`` is the key of the tag its members carry, '' for none.
    """

    key: str
    word: str
    rule: Mapping[str, Any] | None
    puts: str = ""


@dataclass(frozen=True)
class Vocabulary:
    """What the brand has beside traits and happenings, by the word rules use.

    A tag is called by its name, or by ``group/name`` where two groups have the name: such a name
    alone leads to None.
    """

    shops: Mapping[str, Word] = field(default_factory=dict)
    tags: Mapping[str, Word | None] = field(default_factory=dict)
    attributes: Mapping[str, Word] = field(default_factory=dict)
    segments: Mapping[str, SegmentWord] = field(default_factory=dict)
    platforms: tuple[str, ...] = ()
    identity_kinds: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()

    def with_rule(self, slug: str, rule: Mapping[str, Any] | None, puts: str = "") -> Vocabulary:
        """The same words, but for the segment's rule and tag: so circles through it are found."""
        segments = {**self.segments, slug: SegmentWord("", slug, rule, puts)}
        return replace(self, segments=segments)

    @property
    def traits(self) -> Mapping[str, Trait]:
        """Every trait by name."""
        return BY_NAME

    @property
    def happenings(self) -> Mapping[str, Happening]:
        """Every happening by name."""
        return happenings()
