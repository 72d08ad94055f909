"""Members parted: what the parts add up to, in one look at everybody.

Every part is a rule, compiled with the others into one statement; a member falls into the first
part that holds of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from huitou.insight.rules import divided, rounded
from huitou.segments.grounds import Ground, compiled_once, prepare
from huitou.segments.rules import Rule
from huitou.segments.statements import PEOPLE, bind

# What a part is, for the engine.
SUMS = (
    "count(*)::BIGINT, coalesce(sum(monetary_minor), 0)::BIGINT,"
    " coalesce(sum(frequency), 0)::BIGINT"
)
# The table ``drill`` leaves in the session: who went the whole way.
PRESENT = "drill_present"


@dataclass(frozen=True)
class Part:
    """How many members, what they spent in all, and in how many purchases."""

    members: int = 0
    sales_minor: int = 0
    orders: int = 0

    @property
    def aov_minor(self) -> int | None:
        """The average order value; None without an order."""
        return rounded(divided(self.sales_minor, self.orders))

    def plus(self, other: Part) -> Part:
        """Both together; they have no member in common."""
        return Part(
            self.members + other.members,
            self.sales_minor + other.sales_minor,
            self.orders + other.orders,
        )


@dataclass(frozen=True)
class Step:
    """A condition, and whether the way goes on with those who meet it."""

    rule: Rule
    meets: bool = True


@dataclass(frozen=True)
class Branches:
    """Both branches of a step; together they are the branch before that went on."""

    met: Part
    rest: Part


@dataclass(frozen=True)
class Drilled:
    """``start`` is the base, ``branches`` a pair for every step, ``present`` where it ends."""

    everybody: Part
    start: Part
    branches: tuple[Branches, ...]
    present: Part


@dataclass(frozen=True)
class Crossed:
    """``cells[row][column]``, and everybody of the base."""

    cells: tuple[tuple[Part, ...], ...]
    total: Part


def everybody(ground: Ground) -> Part:
    """All members of the brand."""
    return Part(*ground.connection.execute(f"SELECT {SUMS} FROM {PEOPLE}").fetchall()[0])


def drill(ground: Ground, base: Rule, steps: Sequence[Step]) -> Drilled:
    """The way from a base through steps; leaves who went all of it for ``cut_up``."""
    last = len(steps)
    went = _first(
        [f"{'NOT ' if step.meets else ''}rule_{n}" for n, step in enumerate(steps, 1)], last
    )
    ground.connection.execute(
        "CREATE OR REPLACE TEMP TABLE drilled AS SELECT member_id, monetary_minor, frequency,"
        f" {went} AS went FROM ({_judged(ground, [base, *(s.rule for s in steps)])}) WHERE rule_0"
    )
    ground.connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {PRESENT} AS SELECT member_id FROM drilled"
        f" WHERE went = {last}"
    )
    rows = ground.connection.execute(f"SELECT went, {SUMS} FROM drilled GROUP BY 1").fetchall()
    left = {row[0]: Part(*row[1:]) for row in rows}
    present = further = left.get(last, Part())
    branches = []
    for number in range(last - 1, -1, -1):
        aside = left.get(number, Part())
        both = Branches(further, aside)
        branches.append(both if steps[number].meets else Branches(aside, further))
        further = further.plus(aside)
    return Drilled(everybody(ground), further, tuple(reversed(branches)), present)


def cut_up(ground: Ground, dimensions: Sequence[Sequence[Rule]]) -> list[list[Part]]:
    """What each rule of each dimension finds among those ``drill`` left."""
    rules = [rule for dimension in dimensions for rule in dimension]
    places, start = [], 0
    for number, dimension in enumerate(dimensions):
        names = [f"rule_{start + n}" for n in range(len(dimension))]
        places.append(f"{_first(names, len(dimension))} AS dimension_{number}")
        start += len(dimension)
    ground.connection.execute(
        "CREATE OR REPLACE TEMP TABLE cut_up AS SELECT monetary_minor, frequency,"
        f" {', '.join(places)} FROM ({_judged(ground, rules)})"
        f" SEMI JOIN {PRESENT} USING (member_id)"
    )
    found = [[Part()] * len(dimension) for dimension in dimensions]
    counted = " UNION ALL ".join(
        f"SELECT {number}, dimension_{number}, {SUMS} FROM cut_up GROUP BY dimension_{number}"
        for number in range(len(dimensions))
    )
    for number, place, *sums in ground.connection.execute(counted).fetchall() if counted else ():
        if place < len(found[number]):
            found[number][place] = Part(*sums)
    return found


def cross(ground: Ground, base: Rule, rows: Sequence[Rule], columns: Sequence[Rule]) -> Crossed:
    """Members of the base by row and column, each member in one cell."""
    names = [f"rule_{n}" for n in range(1, 1 + len(rows) + len(columns))]
    row = _first(names[: len(rows)], len(rows))
    column = _first(names[len(rows) :], len(columns))
    found = ground.connection.execute(
        f"SELECT {row}, {column}, {SUMS}"
        f" FROM ({_judged(ground, [base, *rows, *columns])}) WHERE rule_0 GROUP BY 1, 2"
    ).fetchall()
    parts = {(r, c): Part(*sums) for r, c, *sums in found}
    cells = tuple(
        tuple(parts.get((r, c), Part()) for c in range(len(columns))) for r in range(len(rows))
    )
    return Crossed(cells, summed(tuple(parts.values())))


def summed(parts: Sequence[Part]) -> Part:
    """All parts together; no two have a member in common."""
    total = Part()
    for part in parts:
        total = total.plus(part)
    return total


def _judged(ground: Ground, rules: Sequence[Rule]) -> str:
    statement = compiled_once(tuple(rules), ground.session.dialect)
    prepare(ground, statement)
    return ground.session.rows(bind(statement, ground.at))


def _first(conditions: Sequence[str], otherwise: int) -> str:
    """SQL of the place of the first condition that holds."""
    if not conditions:
        return f"{otherwise}::UTINYINT"
    said = " ".join(f"WHEN {condition} THEN {n}" for n, condition in enumerate(conditions))
    return f"CAST(CASE {said} ELSE {otherwise} END AS UTINYINT)"
