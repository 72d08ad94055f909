"""A rule as a tree of frozen values; equal trees are equal rules.

Nothing that is not known makes a condition hold: a member without a purchase has no recency, so
neither "at most 30 days" nor "more than 30 days" is true of them, and "not" of both is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from huitou.segments import moments
from huitou.segments.moments import At, Length, Point, Stretch

# gt, gte, lt, lte, eq compare; in: one of; contains: text; known: whether there is a value.
OPERATORS = ("eq", "in", "gt", "gte", "lt", "lte", "contains", "known")
ORDERING = ("gt", "gte", "lt", "lte")


@dataclass(frozen=True)
class OfTrait:
    """Another trait of the same member as the value, ``times`` over."""

    trait: str
    times: float = 1.0


@dataclass(frozen=True)
class Comparison:
    """One comparison.

    ``value`` is what the reader made of it: a number, a text, a boolean, a ``Point``, an
    ``OfTrait``, or a tuple of these for ``in``.
    """

    operator: str
    value: Any


@dataclass(frozen=True)
class All:
    """Every part holds."""

    parts: tuple[Rule, ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Rule, ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: Rule


@dataclass(frozen=True)
class TraitIs:
    """A trait passes every test."""

    trait: str
    tests: tuple[Comparison, ...]


@dataclass(frozen=True)
class Window:
    """When: ``within`` a length up to now, or from ``first`` to ``last`` (None is open).

    ``cycles`` instead: within so many of the member's own purchase cycles.
    """

    within: Length | None = None
    first: Point | None = None
    last: Point | None = None
    cycles: float | None = None

    def stretch(self, at: At) -> Stretch:
        """Its instants, never later than that of judging; the member's cycles are left out."""
        if self.within is not None:
            return moments.within(self.within, at)
        return moments.between(self.first, self.last, at)

    @property
    def has_start(self) -> bool:
        """Whether it leaves anything out for being too long ago, cycles aside."""
        return self.within is not None or self.first is not None


ALWAYS = Window()


@dataclass(frozen=True)
class Measure:
    """What is judged of the happenings found.

    ``kind``: ``count``, ``sum`` or ``average`` (of a field), or the time of ``first`` or ``last``.
    """

    kind: str
    of: str
    tests: tuple[Comparison, ...]


AT_LEAST_ONE = Measure("count", "", (Comparison("gte", 1),))


@dataclass(frozen=True)
class Where:
    """A field of a happening passes every test."""

    field: str
    tests: tuple[Comparison, ...]


@dataclass(frozen=True)
class Did:
    """Of the happenings that pass ``where`` in the window, the measure passes its tests."""

    happening: str
    where: tuple[Where, ...] = ()
    measure: Measure = AT_LEAST_ONE
    window: Window = ALWAYS


@dataclass(frozen=True)
class Holds:
    """Something PostgreSQL knows of the member.

    ``kind``: ``tag``, ``identity``, ``consent``, ``attribute`` or ``segment`` (a frozen one).
    ``key`` is what it is called inside: an id, ``kind@platform``, ``channel/purpose``, or
    ``code@kind`` of an attribute. ``word`` is what people call it.
    """

    kind: str
    key: str
    word: str = field(default="", compare=False)
    tests: tuple[Comparison, ...] = ()


@dataclass(frozen=True)
class Named:
    """The rule of another segment, by its name."""

    slug: str
    rule: Rule
    word: str = field(default="", compare=False)


Rule = All | AnyOf | Not | Named | TraitIs | Did | Holds
Atom = TraitIs | Did | Holds

EVERYONE = All(())


def atoms(rule: Rule) -> Iterator[Atom]:
    """Every condition of the tree, from left to right."""
    if isinstance(rule, All | AnyOf):
        for part in rule.parts:
            yield from atoms(part)
    elif isinstance(rule, Not):
        yield from atoms(rule.part)
    elif isinstance(rule, Named):
        yield from atoms(rule.rule)
    else:
        yield rule


def traits_of(asked: Iterable[Atom]) -> set[str]:
    """The traits conditions rest on: those they name, and the cycle a window is made of.

    >>> late = TraitIs("recency_days", (Comparison("gt", OfTrait("cycle_days", 2)),))
    >>> sorted(traits_of([late]))
    ['cycle_days', 'recency_days']
    """
    found = set()
    for atom in asked:
        if isinstance(atom, TraitIs):
            others = [test.value for test in atom.tests if isinstance(test.value, OfTrait)]
            found |= {atom.trait, *(other.trait for other in others)}
        elif isinstance(atom, Did) and atom.window.cycles is not None:
            found.add("cycle_days")
    return found
