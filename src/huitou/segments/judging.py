"""One member judged by a rule in plain Python, from what is known of that member.

The same tree the compiler turns into SQL for sets; a test holds the two equal. A member's history
is short, so judging a hundred rules takes less than asking an engine once.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
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


def passes(value: Any, kind: str, tests: Sequence[Comparison], at: At) -> bool:
    """Whether one value, as an attribute of the kind is stored, passes every test."""
    if kind == "decimal":
        value = float(value)
    elif kind == "date":
        value = date.fromisoformat(value)
    return _passes(value, tests, kind, Known({}), at)


def judged(rule: Rule, known: Known, at: At) -> bool:
    """Whether the rule holds for the member at an instant."""
    if isinstance(rule, All):
        return all(judged(part, known, at) for part in rule.parts)
    if isinstance(rule, AnyOf):
        return any(judged(part, known, at) for part in rule.parts)
    if isinstance(rule, Not):
        return not judged(rule.part, known, at)
    if isinstance(rule, Named):
        return judged(rule.rule, known, at)
    if isinstance(rule, TraitIs):
        kind = BY_NAME[rule.trait].kind
        return _passes(known.traits.get(rule.trait), rule.tests, kind, known, at)
    if isinstance(rule, Did):
        kind = "time" if rule.measure.kind in ("first", "last") else "count"
        return _passes(measured(rule, known, at), rule.measure.tests, kind, known, at)
    return rule in known.holds


def measured(did: Did, known: Known, at: At) -> Any:
    """What the condition's measure is: a number, an instant, or None where there is nothing."""
    level = level_of(did)
    facts = _chosen(did, level, known, at)
    measure = did.measure
    if measure.kind in ("first", "last"):
        instants = [fact[level.moment] for fact in facts]
        return (min if measure.kind == "first" else max)(instants, default=None)
    times = len({fact[level.unit] for fact in facts}) if isinstance(level, Detail) else len(facts)
    if measure.kind == "count":
        return times
    named = field_of(measure.of, did)
    total = sum(_value(fact, named.column, named.less) for fact in facts)
    if measure.kind == "sum":
        return total
    return float(total) / float(times) if times else None


def _chosen(did: Did, level: Level, known: Known, at: At) -> list[Fact]:
    facts = known.facts.get(level.table, ())
    if not facts:
        return []
    own = {named.name for named in level.fields}
    here = _conditions(level, [where for where in did.where if where.field in own])
    of_whole = [where for where in did.where if where.field not in own]
    window, stretch, moment = did.window, did.window.stretch(at), level.moment
    start, end = stretch.start, stretch.end
    found = [
        fact
        for fact in facts
        if fact[moment] < end
        and (start is None or fact[moment] >= start)
        and (window.cycles is None or _within_cycles(fact[moment], window.cycles, known, at))
        and _fits(fact, level, here, known, at)
    ]
    if not of_whole:
        return found
    happening, parts = happenings()[did.happening], parts_of(did)
    assert parts is not None
    whole = _conditions(happening, of_whole)
    wholes = {
        fact[parts.unit]
        for fact in known.facts.get(happening.table, ())
        if _fits(fact, happening, whole, known, at)
    }
    return [fact for fact in found if fact[parts.unit] in wholes]


# A condition on a field: its column, what is taken off it, its kind, and the tests.
_Condition = tuple[str, str, str, Sequence[Comparison]]


def _conditions(level: Level, wheres: Sequence[Where]) -> list[_Condition]:
    fields = {named.name: named for named in level.fields}
    found: list[_Condition] = []
    for where in wheres:
        named = fields[where.field]
        column = f"product_dim.{named.column}" if named.of_product else named.column
        found.append((column, named.less, named.kind, where.tests))
    return found


def _fits(fact: Fact, level: Level, conditions: Sequence[_Condition], known: Known, at: At) -> bool:
    for column, value in level.where.items():
        if fact[column] != value:
            return False
    return all(
        _passes(_value(fact, column, less), tests, kind, known, at)
        for column, less, kind, tests in conditions
    )


def _value(fact: Fact, column: str, less: str) -> Any:
    value = fact[column]
    return value - fact[less] if less else value


def _within_cycles(moment: datetime, cycles: float, known: Known, at: At) -> bool:
    cycle = known.traits.get("cycle_days")
    gone = int(at.instant.timestamp()) - int(moment.timestamp())
    return bool(cycle is not None and gone <= cycle * (cycles * 86_400))


def _passes(value: Any, tests: Sequence[Comparison], kind: str, known: Known, at: At) -> bool:
    return all(_passed(value, test, kind, known, at) for test in tests)


def _passed(value: Any, test: Comparison, kind: str, known: Known, at: At) -> bool:
    if test.operator == "known":
        return bool((value is not None) == test.value)
    if value is None:
        return False
    if isinstance(test.value, OfTrait):
        other = known.traits.get(test.value.trait)
        if other is None:
            return False
        if test.value.times != 1:
            value, other = float(value), float(other) * test.value.times
        return _COMPARE[test.operator](value, other)
    if kind == "date":
        return _COMPARE[test.operator](value, moments.day_of(test.value, at))
    if kind == "time":
        return _timed(value, test, at)
    if test.operator == "in":
        return value in test.value
    if test.operator == "contains":
        return str(test.value) in value
    return bool(_COMPARE[test.operator](value, test.value))


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
