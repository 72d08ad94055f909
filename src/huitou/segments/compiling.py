"""From rules to SQL: one statement for any number of them.

The statement reads ``people`` (a row per member with every trait), one relation per lake table a
rule asks about (``relation_of``), ``product_dim`` and ``holdings`` (a row per member and condition
that only PostgreSQL can answer). What changes from run to run, which is the instant, stands in it
as marks that ``bind`` fills: a rule is compiled once. Import this module only where something is
compiled: Ibis is slow to load.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import reduce
from typing import Any

import ibis

from huitou.insight.expressions.common import whole_seconds
from huitou.insight.plan import compile_sql, lake_table
from huitou.insight.traits import BY_NAME, TRAITS
from huitou.kernel.months import month_number
from huitou.lake.happenings import PRODUCTS, Field, happenings
from huitou.segments import moments
from huitou.segments.levels import asks_products, counts_wholes, field_of, level_of, parts_of
from huitou.segments.moments import At, Point
from huitou.segments.rules import (
    All,
    AnyOf,
    Atom,
    Comparison,
    Did,
    Holds,
    Named,
    Not,
    OfTrait,
    Rule,
    TraitIs,
    Where,
    Window,
    atoms,
    traits_of,
)
from huitou.segments.statements import CARRIED, HOLDINGS, PEOPLE, Compiled, Moment, relation_of

# Ibis' own types are too dynamic for strict checking; a relation or column is ``Any`` here.
Relation = Any
Column = Any

_TRAIT_TYPES = {
    "count": "int64",
    "days": "int64",
    "money": "int64",
    "score": "int64",
    "ratio": "float64",
    "number": "float64",
    "boolean": "boolean",
    "time": "timestamp('UTC')",
    "date": "date",
    "code": "string",
    "text": "string",
}
_SECONDS_A_DAY = 86_400
# Facts no condition names are left out first while conditions are few: many name most facts, and to
# ask whether any does costs more than to add these up.
_ASKED_OF_FEW = 10


@ibis.udf.scalar.builtin(name="rule_instant")  # type: ignore[untyped-decorator]
def _instant_mark(place: int) -> datetime:
    """Where ``bind`` puts an instant; Ibis reads the signature only."""
    raise NotImplementedError


@ibis.udf.scalar.builtin(name="rule_day")  # type: ignore[untyped-decorator]
def _day_mark(place: int) -> date:
    """Where ``bind`` puts a date."""
    raise NotImplementedError


@ibis.udf.scalar.builtin(name="rule_month")  # type: ignore[untyped-decorator]
def _month_mark(place: int) -> int:
    """Where ``bind`` puts a month's number."""
    raise NotImplementedError


def compiled(rules: Sequence[Rule], dialect: str) -> Compiled:
    """One statement that judges every member by every rule, in a dialect of ``lake.sessions``."""
    return _Compiler(rules, dialect).compiled()


@dataclass
class _Level:
    """A lake table with the conditions that ask about it."""

    table: str
    moment: str
    product: tuple[str, str] | None
    asked: list[Did] = field(default_factory=list)

    @property
    def shared_where(self) -> set[tuple[str, Any]]:
        """What makes a row one of the happening's, for every condition."""
        each = (set(level_of(did).where.items()) for did in self.asked)
        return set.intersection(*each)


class _Compiler:
    def __init__(self, rules: Sequence[Rule], dialect: str) -> None:
        self.rules = rules
        self.dialect = dialect
        self.moments: list[Moment] = []
        self.relations: set[str] = set()
        self.holdings: dict[Holds, int] = {}
        self.results: dict[Did, str] = {}

    def compiled(self) -> Compiled:
        every: dict[Atom, None] = {}
        for rule in self.rules:
            every.update(dict.fromkeys(atoms(rule)))
        people = _people(traits_of(every))
        judged = people
        for level in _levels([atom for atom in every if isinstance(atom, Did)]):
            found = self.found(level, people)
            judged = judged.left_join(found, "member_id").drop("member_id_right")
        holds = [atom for atom in every if isinstance(atom, Holds)]
        if holds:
            found = self.held(holds)
            judged = judged.left_join(found, "member_id").drop("member_id_right")
        answers = {f"rule_{n}": self.truth(rule, judged) for n, rule in enumerate(self.rules)}
        sql = compile_sql(judged.select("member_id", *CARRIED, **answers), self.dialect)
        return Compiled(
            sql, self.dialect, tuple(self.moments), frozenset(self.relations), tuple(self.holdings)
        )

    # Truth

    def truth(self, rule: Rule, judged: Relation) -> Column:
        """Whether the rule holds: never null."""
        if isinstance(rule, All):
            return _joined(operator.and_, [self.truth(p, judged) for p in rule.parts], True)
        if isinstance(rule, AnyOf):
            return _joined(operator.or_, [self.truth(p, judged) for p in rule.parts], False)
        if isinstance(rule, Not):
            return ~self.truth(rule.part, judged)
        if isinstance(rule, Named):
            return self.truth(rule.rule, judged)
        if isinstance(rule, TraitIs):
            trait = BY_NAME[rule.trait]
            return self.passes(judged[rule.trait], rule.tests, trait.kind, judged)
        if isinstance(rule, Did):
            return self.measured(rule, judged)
        return judged[f"held_{self.holdings[rule]}"].fill_null(False)

    def measured(self, did: Did, judged: Relation) -> Column:
        measure = did.measure
        column = judged[self.results[did]]
        if measure.kind in ("count", "sum"):
            column = column.fill_null(0)
        kind = "time" if measure.kind in ("first", "last") else "count"
        return self.passes(column, measure.tests, kind, judged)

    def passes(
        self, column: Column, tests: Sequence[Comparison], kind: str, judged: Relation
    ) -> Column:
        said = [self.passed(column, test, kind, judged).fill_null(False) for test in tests]
        return _joined(operator.and_, said, True)

    def passed(self, column: Column, test: Comparison, kind: str, judged: Relation) -> Column:
        if test.operator == "known":
            return column.notnull() if test.value else column.isnull()
        if isinstance(test.value, OfTrait):
            other = judged[test.value.trait]
            if test.value.times != 1:
                column, other = column.cast("float64"), other.cast("float64") * test.value.times
            return _COMPARE[test.operator](column, other)
        if kind == "date":
            return _COMPARE[test.operator](column, self.day(test.value))
        if kind == "time":
            return self.timed(column, test)
        if test.operator == "in":
            return column.isin(list(test.value))
        if test.operator == "contains":
            return column.contains(test.value)
        return _COMPARE[test.operator](column, test.value)

    def timed(self, column: Column, test: Comparison) -> Column:
        """An instant against a point; a day means all of it, so both its ends are needed."""
        point = test.value
        if test.operator in ("gte", "lt"):
            return _COMPARE[test.operator](column, self.instant(point))
        later = self.mark(_instant_mark, lambda at: moments.after(point, at))
        if test.operator in ("gt", "lte"):
            return column >= later if test.operator == "gt" else column < later
        return (column >= self.instant(point)) & (column < later)

    # Marks

    def mark(self, kind: Callable[[int], Column], moment: Moment) -> Column:
        self.moments.append(moment)
        return kind(len(self.moments) - 1)

    def instant(self, point: Point) -> Column:
        return self.mark(_instant_mark, lambda at: moments.instant_of(point, at))

    def day(self, point: Point) -> Column:
        return self.mark(_day_mark, lambda at: moments.day_of(point, at))

    # Happenings

    def found(self, level: _Level, people: Relation) -> Relation:
        """A row per member with what each of the level's conditions measures."""
        self.relations.add(level.table)
        facts = lake_table(level.table, relation_of(level.table))
        facts = facts.filter(facts.member_id.notnull())
        if any(asks_products(did) for did in level.asked):
            facts = self.with_products(facts, level)
        if any(did.window.cycles is not None for did in level.asked):
            cycles = people.select("member_id", member_cycle=people.cycle_days)
            facts = facts.left_join(cycles, "member_id").drop("member_id_right")
        facts = facts.filter(self.shared(facts, level))
        own = [self.own(facts, level, did) for did in level.asked]
        only: list[Column | None] = [None]
        if len(own) == 1:
            facts = facts.filter(own[0]) if own[0] else facts
        else:
            names = {f"asked_{n}": _joined(operator.and_, said, True) for n, said in enumerate(own)}
            facts = facts.mutate(**{name: said.fill_null(False) for name, said in names.items()})
            only = [facts[name] if own[n] else None for n, name in enumerate(names)]
            if len(own) <= _ASKED_OF_FEW and all(did.where for did in level.asked):
                facts = facts.filter(reduce(operator.or_, [facts[name] for name in names]))
        measured = {
            self.named(did): _measured(facts, did, level, which)
            for did, which in zip(level.asked, only, strict=True)
        }
        return facts.group_by("member_id").aggregate(**measured)

    def named(self, did: Did) -> str:
        """What the condition's measure is called."""
        return self.results.setdefault(did, f"did_{len(self.results)}")

    def shared(self, facts: Relation, level: _Level) -> list[Column]:
        """What every condition asks of a fact: plain filters, which skip whole files and blocks.

        The window is the widest; of months too, by which files are kept.
        """
        said = [facts[c] == v for c, v in sorted(level.shared_where)]
        happened, month = facts[level.moment], facts.month
        windows = list(dict.fromkeys(did.window for did in level.asked))

        def end(at: At) -> datetime:
            return max(window.stretch(at).end for window in windows)

        def start(at: At) -> datetime:
            return min(_known(window.stretch(at).start) for window in windows)

        said.append(month <= self.mark(_month_mark, lambda at: _month(end(at), at)))
        said.append(happened < self.mark(_instant_mark, end))
        if all(window.has_start for window in windows):
            said.append(month >= self.mark(_month_mark, lambda at: _month(start(at), at)))
            said.append(happened >= self.mark(_instant_mark, start))
        return said

    def own(self, facts: Relation, level: _Level, did: Did) -> list[Column]:
        """What only this condition asks of a fact."""
        counted = level_of(did)
        said = [facts[c] == v for c, v in sorted(set(counted.where.items()) - level.shared_where)]
        of_whole: list[Where] = []
        for where in did.where:
            named = field_of(where.field, did)
            if named not in counted.fields:
                of_whole.append(where)
                continue
            said.append(self.passes(_value(facts, named), where.tests, named.kind, facts))
        if of_whole:
            said.append(self.of_whole(facts, of_whole, did))
        return [*said, *self.window(facts, level, did.window)]

    def of_whole(self, facts: Relation, asked: list[Where], did: Did) -> Column:
        """Parts of happenings that pass conditions on the whole."""
        happening, parts = happenings()[did.happening], parts_of(did)
        assert parts is not None
        self.relations.add(happening.table)
        wholes = lake_table(happening.table, relation_of(happening.table))
        said = [wholes[c] == v for c, v in happening.where.items()]
        for where in asked:
            named = field_of(where.field, did)
            said.append(self.passes(_value(wholes, named), where.tests, named.kind, wholes))
        return facts[parts.unit].isin(wholes.filter(said)[parts.unit])

    def with_products(self, facts: Relation, level: _Level) -> Relation:
        assert level.product is not None
        ours, theirs = level.product
        products = lake_table(PRODUCTS)
        named = products.select(
            product_key=products[theirs],
            **{f"of_product_{name}": products[name] for name in products.columns},
        )
        return facts.left_join(named, facts[ours] == named.product_key)

    def window(self, facts: Relation, level: _Level, window: Window) -> list[Column]:
        """The instants of one window, where they are not those of every condition."""
        happened = facts[level.moment]
        said = []
        if any(did.window != window for did in level.asked):
            said.append(happened < self.mark(_instant_mark, lambda at: window.stretch(at).end))
            if window.has_start:
                start = self.mark(_instant_mark, lambda at: _known(window.stretch(at).start))
                said.append(happened >= start)
        if window.cycles is not None:
            # Whole seconds on both sides: engines agree on these.
            seconds = facts.member_cycle.cast("float64") * (window.cycles * _SECONDS_A_DAY)
            now = self.mark(_instant_mark, lambda at: at.instant)
            gone = whole_seconds(now) - whole_seconds(happened)
            said.append(gone.cast("float64") <= seconds)
        return said

    # Holdings

    def held(self, holds: Sequence[Holds]) -> Relation:
        """A row per member with a column per condition."""
        for atom in holds:
            self.holdings[atom] = len(self.holdings)
        rows = ibis.table({"holding": "int64", "member_id": "int64"}, name=HOLDINGS)
        columns = {f"held_{n}": (rows.holding == n).any() for n in self.holdings.values()}
        return rows.group_by("member_id").aggregate(**columns)


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def _people(asked: set[str]) -> Relation:
    """The members with the traits asked about: each further column costs time to plan."""
    named = [trait for trait in TRAITS if trait.name in asked.union(CARRIED)]
    columns = {"member_id": "int64"} | {trait.name: _TRAIT_TYPES[trait.kind] for trait in named}
    return ibis.table(columns, name=PEOPLE)


def _levels(asked: Sequence[Did]) -> list[_Level]:
    """The lake tables asked about, each read once whatever many conditions ask."""
    levels: dict[str, _Level] = {}
    for did in asked:
        at = level_of(did)
        level = levels.setdefault(at.table, _Level(at.table, at.moment, at.product))
        level.asked.append(did)
    return list(levels.values())


def _value(facts: Relation, named: Field) -> Column:
    if named.of_product:
        return facts[f"of_product_{named.column}"]
    return facts[named.column] - facts[named.less] if named.less else facts[named.column]


def _measured(facts: Relation, did: Did, level: _Level, only: Column | None) -> Column:
    """The aggregate a condition judges, over the facts ``only`` names.

    Values are made null outside ``only``: faster than an aggregate with a filter of its own.
    """
    measure = did.measure
    parts = parts_of(did)

    def of(column: Column) -> Column:
        return column if only is None else ibis.ifelse(only, column, ibis.null(column.type()))

    if measure.kind in ("first", "last"):
        happened = of(facts[level.moment])
        return happened.min() if measure.kind == "first" else happened.max()
    if measure.kind in ("count", "average"):
        if parts and counts_wholes(did):
            times = of(facts[parts.unit]).nunique()
        else:
            times = facts.count() if only is None else only.cast("int64").sum()
    if measure.kind == "count":
        return times
    total = of(_value(facts, field_of(measure.of, did))).sum()
    if measure.kind == "sum":
        return total
    return total.cast("float64") / times.cast("float64").nullif(0.0)


def _known(instant: datetime | None) -> datetime:
    assert instant is not None
    return instant


def _month(instant: datetime | None, at: At) -> int:
    return month_number(_known(instant).astimezone(at.zone).date())


def _joined(joint: Callable[[Any, Any], Any], parts: list[Column], nothing: bool) -> Column:
    return reduce(joint, parts) if parts else ibis.literal(nothing)
