"""Why a member is in a segment or not: every condition with what is true of the member.

And until when the answer stands if nothing happens but time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from huitou.brands.models import Brand
from huitou.segments.belonging import instant_of_judging
from huitou.segments.files import member_since
from huitou.segments.judging import Known, judged, measured
from huitou.segments.known import known_members
from huitou.segments.levels import level_of
from huitou.segments.models import Segment, SegmentVersion
from huitou.segments.moments import TICK, Ago, At, instant_of
from huitou.segments.reading import read_rule
from huitou.segments.rules import All, AnyOf, Did, Named, Not, Rule, TraitIs, atoms
from huitou.segments.sentences import Names, Sentence, sentence, told
from huitou.segments.words import names_of, vocabulary_of

# Farther ahead nobody plans; each turning point costs judging the member once more.
HORIZON = timedelta(days=730)
TURNS_MAX = 2_000


@dataclass(frozen=True)
class Finding:
    """One condition, or several joined: what it says, whether it holds, and what there is.

    ``joint`` is ``all``, ``any``, ``not`` or ``segment`` of the parts, or '' for a condition.
    ``actual`` is the trait's or the measure's value, None where there is none; ``told`` says it.
    """

    says: Sentence
    holds: bool
    joint: str = ""
    actual: Any = None
    told: Sentence | None = None
    parts: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Whether a member is in a segment, and why.

    ``since`` is when the member came in, by the latest refresh; ``until`` when the passing of
    windows alone turns the answer (None: not within two years, nor at the member's next
    ``TURNS_MAX`` turning points). Traits count as of the figures.
    """

    segment: str
    member_id: int
    holds: bool
    finding: Finding
    since: datetime | None
    until: datetime | None
    at: datetime


def explain(*, brand: Brand, segment: Segment, member_id: int, now: datetime) -> Explanation:
    """Why the member is in the segment now, or is not.

    Raises ``RuleError`` when the rule can no longer be read, ``RefusedInputError``: ``NO_FIGURES``.
    """
    version = SegmentVersion.objects.filter(segment=segment).latest("number")
    tree = read_rule(version.rule, vocabulary_of(brand))
    names = names_of(brand)
    at = instant_of_judging(brand, now)
    known = known_members(brand, [member_id], [tree], at)[member_id]
    finding = found(tree, known, at, names)
    return Explanation(
        segment=segment.slug,
        member_id=member_id,
        holds=finding.holds,
        finding=finding,
        since=member_since(brand.pk, [segment.pk], member_id).get(segment.pk),
        until=until(tree, known, at),
        at=at.instant,
    )


def found(rule: Rule, known: Known, at: At, names: Names) -> Finding:
    """The rule's conditions, each with what is true of the member."""
    says, holds = sentence(rule, names), judged(rule, known, at)
    if isinstance(rule, All | AnyOf):
        parts = tuple(found(part, known, at, names) for part in rule.parts)
        return Finding(says, holds, "all" if isinstance(rule, All) else "any", parts=parts)
    if isinstance(rule, Not):
        return Finding(says, holds, "not", parts=(found(rule.part, known, at, names),))
    if isinstance(rule, Named):
        return Finding(says, holds, "segment", parts=(found(rule.rule, known, at, names),))
    if isinstance(rule, TraitIs):
        value = known.traits.get(rule.trait)
        return Finding(says, holds, actual=value, told=told(rule, value, names))
    if isinstance(rule, Did):
        value = measured(rule, known, at)
        return Finding(says, holds, actual=value, told=told(rule, value, names))
    return Finding(says, holds, actual=holds)


def until(rule: Rule, known: Known, at: At) -> datetime | None:
    """The first instant at which the answer is another, were nothing to happen but time."""
    now = judged(rule, known, at)
    turns: set[datetime] = set()
    for atom in atoms(rule):
        if isinstance(atom, Did):
            turns |= _turns(atom, known, at)
    for turn in sorted(turns)[:TURNS_MAX]:
        if judged(rule, known, At(turn, at.zone)) != now:
            return turn
    return None


def _turns(did: Did, known: Known, at: At) -> set[datetime]:
    """Instants ahead at which a fact leaves the window, or passes what it is held to."""
    level, window = level_of(did), did.window
    lengths = [window.within] if window.within else []
    points = (window.first, window.last, *(test.value for test in did.measure.tests))
    lengths += [point.length for point in points if isinstance(point, Ago) and not point.ahead]
    found: set[datetime] = set()
    for fact in known.facts.get(level.table, ()):
        happened = At(fact[level.moment], at.zone)
        for length in lengths:
            moved = instant_of(Ago(length, ahead=True), happened)
            found |= {moved, moved + TICK}
        cycle = known.traits.get("cycle_days")
        if window.cycles is not None and cycle is not None:
            seconds = int(cycle * window.cycles * 86_400)
            whole = happened.instant.replace(microsecond=0) + timedelta(seconds=seconds)
            found.add(whole + timedelta(seconds=1))
    return {turn for turn in found if at.instant < turn <= at.instant + HORIZON}
