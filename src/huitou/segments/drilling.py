"""Stepwise drill: from everybody or a segment, one condition after the other.

A path is data: the slug it starts from and its steps. Everything a page shows of it follows from
the path and the figures in force, so an address is all there is to keep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from huitou.brands.models import Brand
from huitou.kernel.errors import RefusedInputError
from huitou.segments import grounds
from huitou.segments.dimensions import USUAL, Dimension, dimension
from huitou.segments.parting import Drilled, Part, Step, cut_up, drill
from huitou.segments.reading import read_rule
from huitou.segments.rules import EVERYONE
from huitou.segments.sentences import Sentence, sentence
from huitou.segments.words import names_of, vocabulary_of

# A longer way is no longer read, and its rule would be refused.
STEPS_MAX = 20


@dataclass(frozen=True)
class PathStep:
    """A condition as rule data; ``meets``: whether the way goes on with those who meet it."""

    rule: Mapping[str, Any]
    meets: bool = True

    @property
    def taken(self) -> Mapping[str, Any]:
        """The rule of the branch that goes on."""
        return self.rule if self.meets else {"not": self.rule}


@dataclass(frozen=True)
class Path:
    """``base`` is the slug of a segment, or "" for everybody."""

    base: str = ""
    steps: tuple[PathStep, ...] = ()

    def rule(self) -> dict[str, Any]:
        """The rule of where the path ends.

        >>> recent = {"trait": "recency_days", "lt": 31}
        >>> Path("loyal", (PathStep(recent, meets=False),)).rule()
        {'all': [{'segment': 'loyal'}, {'not': {'trait': 'recency_days', 'lt': 31}}]}
        """
        parts = [{"segment": self.base}] if self.base else []
        return {"all": [*parts, *(dict(step.taken) for step in self.steps)]}


@dataclass(frozen=True)
class Drill:
    """The path counted; ``next_cuts`` part those where it ends.

    ``says`` has every step's condition in words. ``at`` is the instant of judging.
    """

    drilled: Drilled
    says: tuple[Sentence, ...]
    next_cuts: tuple[tuple[Dimension, tuple[Part, ...]], ...]
    as_of: date
    at: datetime
    refreshed_at: datetime


def drill_down(brand: Brand, path: Path, *, by: Sequence[str] = USUAL) -> Drill:
    """Both branches of every step, and the dimensions ``by`` which to go on.

    Raises ``RuleError`` for a condition that cannot be read, and ``RefusedInputError``:
    ``STEPS``, ``DIMENSION``, ``NO_FIGURES``.
    """
    if len(path.steps) > STEPS_MAX:
        raise RefusedInputError("STEPS", f"A path has at most {STEPS_MAX} steps.")
    words = vocabulary_of(brand)
    base = read_rule({"segment": path.base}, words) if path.base else EVERYONE
    steps = [Step(read_rule(step.rule, words), step.meets) for step in path.steps]
    snapshot = grounds.snapshot_of(brand.pk)
    cuts = [dimension(brand, snapshot, name) for name in dict.fromkeys(by)]
    with grounds.opened(brand) as ground:
        drilled = drill(ground, base, steps)
        trees = [[read_rule(cut.rule, words) for cut in one.cuts] for one in cuts]
        parts = (
            cut_up(ground, trees) if drilled.present.members else [[Part()] * len(t) for t in trees]
        )
    names = names_of(brand)
    return Drill(
        drilled=drilled,
        says=tuple(sentence(step.rule, names) for step in steps),
        next_cuts=tuple((one, tuple(found)) for one, found in zip(cuts, parts, strict=True)),
        as_of=ground.as_of,
        at=ground.at.instant,
        refreshed_at=ground.refreshed_at,
    )
