"""One member judged by a rule in plain Python, from what is known of that member.

The same tree the compiler turns into SQL for sets; a test holds the two equal. A member's history
is short, so judging a hundred rules takes less than asking an engine once.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any

from huitou.insight.traits import BY_NAME
from huitou.lake.happenings import Detail, happenings
from huitou.segments import moments
from huitou.segments.levels import Level, field_of, level_of, parts_of
from huitou.segments.moments import At
from huitou.segments.rules import (
    All,
    AnyOf,
    Comparison,
    Did,
    Holds,
    Named,
    Not,
    OfTrait,
    Rule,
    TraitIs,
    Where,
)

# A fact: the columns of its lake table, and of the catalogue as ``product_dim.<column>``.
Fact = Mapping[str, Any]


@dataclass(frozen=True)
class Known:
    """What is known of one member: traits, facts by lake table, and the conditions that hold."""

    traits: Mapping[str, Any]
    facts: Mapping[str, Sequence[Fact]] = field(default_factory=dict)
    holds: frozenset[Holds] = frozenset()


# Whether a rule holds for a member at an instant; and whether a value passes tests.
Judge = Callable[[Known, At], bool]
Passes = Callable[[Any, Known, At], bool]
Measuring = Callable[[Known, At], Any]


def passes(value: Any, kind: str, tests: Sequence[Comparison], at: At) -> bool:
    """Whether one value, as an attribute of the kind is stored, passes every test."""
    if kind == "decimal":
        value = float(value)
    elif kind == "date":
        value = date.fromisoformat(value)
    return _passes_of(tests, kind)(value, Known({}), at)


def judged(rule: Rule, known: Known, at: At) -> bool:
    """Whether the rule holds for the member at an instant."""
    return judge_of(rule)(known, at)


def judge_of(rule: Rule) -> Judge:
    """The rule made ready to judge many members: what does not depend on them is done."""
    if isinstance(rule, All):
        parts = [judge_of(part) for part in rule.parts]
        return lambda known, at: all(part(known, at) for part in parts)
    if isinstance(rule, AnyOf):
        parts = [judge_of(part) for part in rule.parts]
        return lambda known, at: any(part(known, at) for part in parts)
    if isinstance(rule, Not):
        part = judge_of(rule.part)
        return lambda known, at: not part(known, at)
    if isinstance(rule, Named):
        return judge_of(rule.rule)
    if isinstance(rule, TraitIs):
        trait, passed = rule.trait, _passes_of(rule.tests, BY_NAME[rule.trait].kind)
        return lambda known, at: passed(known.traits.get(trait), known, at)
    if isinstance(rule, Did):
        kind = "time" if rule.measure.kind in ("first", "last") else "count"
        measure, passed = measure_of(rule), _passes_of(rule.measure.tests, kind)
        return lambda known, at: passed(measure(known, at), known, at)
    return lambda known, _at: rule in known.holds


def measured(did: Did, known: Known, at: At) -> Any:
    """What the condition's measure is: a number, an instant, or None where there is nothing."""
    return measure_of(did)(known, at)


def measure_of(did: Did) -> Measuring:
    """``measured``, made ready for many members."""
    level, chosen, measure = level_of(did), _choice_of(did), did.measure
    moment = level.moment

    def times(facts: Sequence[Fact]) -> int:
        return len({f[level.unit] for f in facts}) if isinstance(level, Detail) else len(facts)

    if measure.kind in ("first", "last"):
        end = min if measure.kind == "first" else max
        return lambda known, at: end((f[moment] for f in chosen(known, at)), default=None)
    if measure.kind == "count":
        return lambda known, at: times(chosen(known, at))
    named = field_of(measure.of, did)

    def total(facts: Sequence[Fact]) -> Any:
        return sum(_value(fact, named.column, named.less) for fact in facts)

    if measure.kind == "sum":
        return lambda known, at: total(chosen(known, at))

    def average(known: Known, at: At) -> float | None:
        facts = chosen(known, at)
        return float(total(facts)) / float(times(facts)) if facts else None

    return average


def _choice_of(did: Did) -> Callable[[Known, At], Sequence[Fact]]:
    """The facts the condition is about."""
    level, window = level_of(did), did.window
    own = {named.name for named in level.fields}
    fits = _fits_of(level, [where for where in did.where if where.field in own])
    of_whole = [where for where in did.where if where.field not in own]
    table, moment, cycles = level.table, level.moment, window.cycles

    def here(known: Known, at: At) -> Sequence[Fact]:
        facts = known.facts.get(table)
        if not facts:
            return ()
        stretch = window.stretch(at)
        start, end = stretch.start, stretch.end
        return [
            fact
            for fact in facts
            if fact[moment] < end
            and (start is None or fact[moment] >= start)
            and (cycles is None or _within_cycles(fact[moment], cycles, known, at))
            and fits(fact, known, at)
        ]

    if not of_whole:
        return here
    happening, parts = happenings()[did.happening], parts_of(did)
    assert parts is not None
    unit, whole_fits = parts.unit, _fits_of(happening, of_whole)

    def of_wholes(known: Known, at: At) -> Sequence[Fact]:
        facts = known.facts.get(happening.table, ())
        wholes = {fact[unit] for fact in facts if whole_fits(fact, known, at)}
        return [fact for fact in here(known, at) if fact[unit] in wholes]

    return of_wholes


def _fits_of(level: Level, wheres: Sequence[Where]) -> Callable[[Fact, Known, At], bool]:
    """Whether a fact is one of the level's, and its fields pass."""
    fields = {named.name: named for named in level.fields}
    wanted = tuple(level.where.items())
    conditions = []
    for where in wheres:
        named = fields[where.field]
        column = f"product_dim.{named.column}" if named.of_product else named.column
        conditions.append((column, named.less, _passes_of(where.tests, named.kind)))

    def fits(fact: Fact, known: Known, at: At) -> bool:
        for column, value in wanted:
            if fact[column] != value:
                return False
        for column, less, passed in conditions:
            if not passed(_value(fact, column, less), known, at):
                return False
        return True

    return fits


def _value(fact: Fact, column: str, less: str) -> Any:
    value = fact[column]
    return value - fact[less] if less else value


def _within_cycles(moment: datetime, cycles: float, known: Known, at: At) -> bool:
    cycle = known.traits.get("cycle_days")
    gone = int(at.instant.timestamp()) - int(moment.timestamp())
    return bool(cycle is not None and gone <= cycle * (cycles * 86_400))


def _passes_of(tests: Sequence[Comparison], kind: str) -> Passes:
    """Whether a value of the kind passes every test."""
    passed = [_passed_of(test, kind) for test in tests]
    if len(passed) == 1:
        return passed[0]
    return lambda value, known, at: all(one(value, known, at) for one in passed)


def _passed_of(test: Comparison, kind: str) -> Passes:
    """Whether a value of the kind passes the test; nothing passes but where it is asked for."""
    wanted = test.value
    if test.operator == "known":
        return lambda value, _known, _at: (value is not None) is wanted
    if test.operator == "in":
        return lambda value, _known, _at: value is not None and value in wanted
    if test.operator == "contains":
        return lambda value, _known, _at: value is not None and str(wanted) in value
    compare = _COMPARE[test.operator]
    if isinstance(wanted, OfTrait):
        return partial(_passed_beside, wanted, compare)
    if kind == "time":
        return lambda value, _known, at: value is not None and _timed(value, test, at)
    if kind == "date":
        return lambda value, _known, at: (
            value is not None and compare(value, moments.day_of(wanted, at))
        )
    return lambda value, _known, _at: value is not None and compare(value, wanted)


def _passed_beside(
    wanted: OfTrait, compare: Callable[[Any, Any], bool], value: Any, known: Known, _at: At
) -> bool:
    other = known.traits.get(wanted.trait)
    if value is None or other is None:
        return False
    if wanted.times != 1:
        value, other = float(value), float(other) * wanted.times
    return compare(value, other)


def _timed(value: datetime, test: Comparison, at: At) -> bool:
    start = moments.instant_of(test.value, at)
    later = moments.after(test.value, at)
    return {
        "gte": value >= start,
        "lt": value < start,
        "gt": value >= later,
        "lte": value < later,
        "eq": start <= value < later,
    }[test.operator]


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
