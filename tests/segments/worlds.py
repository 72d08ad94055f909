"""Small random worlds for rules: members with traits, orders, lines and events, kept as plain rows.

A world is loaded into an engine's relations, or asked for what is known of one member.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from huitou.insight.traits import TRAITS
from huitou.lake.engine import sql_type
from huitou.lake.registry import tables
from huitou.segments.judging import Known
from huitou.segments.known import Questions
from huitou.segments.moments import At
from huitou.segments.rules import Holds
from huitou.segments.statements import CARRIED, HOLDINGS, PEOPLE, relation_of
from huitou.segments.vocabulary import SegmentWord, Vocabulary, Word

ZONE = ZoneInfo("America/New_York")  # its clocks change, unlike Shanghai's
# The day clocks went forward, ends of months of three lengths, a leap day.
INSTANTS = (
    datetime(2024, 3, 10, 15, 30, 0, tzinfo=UTC),
    datetime(2024, 3, 31, 16, 0, 0, tzinfo=UTC),
    datetime(2024, 2, 29, 17, 0, 0, tzinfo=UTC),
    datetime(2024, 5, 31, 3, 59, 59, 999999, tzinfo=UTC),
)
# Days and instants that rules name.
DAYS = (date(2024, 2, 29), date(2024, 3, 10), date(2024, 3, 9), date(2024, 1, 1), date(2023, 11, 5))
MOMENTS = (
    datetime(2024, 3, 10, 15, 30, 0, tzinfo=UTC),
    datetime(2024, 3, 10, 15, 29, 59, tzinfo=UTC),
    datetime(2024, 2, 9, 15, 30, 0, tzinfo=UTC),
)
CATEGORIES = ("COFFEE", "TEA", "香薰", "")
CODES = ("A1", "B2", "C3", "D4")
PROVINCES = ("广东", "浙江", "")
KINDS = ("visit", "view", "cart", "custom")
TAGS = (Holds("tag", "7", "vip"), Holds("tag", "8", "promotion-only"))
FROZEN = Holds("segment", "5", "frozen")
CONSENT = Holds("consent", "sms/marketing", "sms")
HELD = (*TAGS, FROZEN, CONSENT)
VOCABULARY = Vocabulary(
    shops={"tm": Word("1", "tm"), "jd": Word("2", "jd")},
    tags={"vip": Word("7", "vip"), "promotion-only": Word("8", "promotion-only"), "two": None},
    segments={
        "frozen": SegmentWord("5", "frozen", None),
        "recent": SegmentWord("6", "recent", {"trait": "recency_days", "lte": 30}),
    },
    attributes={},
    platforms=("taobao", "jd"),
    identity_kinds=("phone", "email"),
    channels=("sms", "email"),
    purposes=("marketing", "service"),
)
# Distances from now where rules turn over: windows' ends, clock changes, a leap day.
EDGES = tuple(
    timedelta(days=days, seconds=seconds)
    for days in (0, 1, 7, 10, 30, 31, 90, 365, 366)
    for seconds in (-1, 0, 1)
)
_TRAIT_VALUES: dict[str, Any] = {
    "score": lambda r, now: r.randint(1, 5),
    "count": lambda r, now: r.randint(1, 8),
    "days": lambda r, now: r.randint(0, 120),
    "money": lambda r, now: r.randint(0, 90_000),
    "ratio": lambda r, now: r.choice((0.0, 0.25, 1 / 3, 0.5, 0.8, 1.0)),
    "number": lambda r, now: r.choice((-0.5, 0.0, 0.1, 2.5, 30.0)),
    "boolean": lambda r, now: r.random() < 0.5,
    "time": lambda r, now: _moment(r, now),
    "date": lambda r, now: now.date() + timedelta(days=r.randint(-40, 40)),
}


@dataclass
class World:
    """Rows by relation; ``holds`` is what PostgreSQL would say of each member."""

    now: datetime
    people: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    products: list[dict[str, Any]] = field(default_factory=list)
    holds: dict[int, frozenset[Holds]] = field(default_factory=dict)

    @property
    def at(self) -> At:
        """The instant of judging."""
        return At(self.now, ZONE)

    def known(self, member: int) -> Known:
        """What is known of one member."""
        by_key = {row["product_id"]: row for row in self.products}
        by_code = {row["code"]: row for row in self.products}

        def with_product(table: str, row: dict[str, Any]) -> dict[str, Any]:
            found = {
                "line_fact": by_key.get(row.get("product_id", -1)),
                "touch_fact": by_code.get(row.get("product_code", "")),
            }.get(table)
            return row | {
                f"product_dim.{name}": found[name] if found else None
                for name in ("code", "title", "category")
            }

        traits = next(row for row in self.people if row["member_id"] == member)
        facts = {
            table: [with_product(table, row) for row in rows if row["member_id"] == member]
            for table, rows in self.facts.items()
        }
        return Known(traits, facts, self.holds[member])


def narrowed(known: Known, asked: Questions) -> Known:
    """What is left of what is known when no more is read than is asked."""
    facts = {
        name: [
            {
                column: value
                for column, value in row.items()
                if column in table.columns or (table.products and column.startswith("product_dim."))
            }
            for row in known.facts[name]
        ]
        for name, table in asked.tables.items()
    }
    traits = {name: known.traits[name] for name in asked.traits}
    return Known(traits, facts, known.holds & frozenset(asked.holds))


def random_world(seed: int, members: int = 12) -> World:
    """A world whose facts often lie exactly where windows end."""
    r = random.Random(seed)
    world = World(INSTANTS[seed % len(INSTANTS)])
    world.products = [
        {"product_id": n, "code": code, "title": f"{code} 好物", "category": category}
        for n, (code, category) in enumerate(zip(CODES, CATEGORIES, strict=True), start=1)
    ]
    for member in range(1, members + 1):
        bought = r.random() < 0.85
        world.people.append(
            {"member_id": member}
            | {trait.name: _trait(r, trait, world.now) if bought else None for trait in TRAITS}
        )
        world.holds[member] = frozenset(h for h in HELD if r.random() < 0.4)
        for _ in range(r.randint(0, 6) if bought else 0):
            _add_order(world, r, member)
        for _ in range(r.randint(0, 5)):
            _add_event(world, r, member)
    return world


def _trait(r: random.Random, trait: Any, now: datetime) -> Any:
    if trait.kind == "code":
        return r.choice(trait.choices)
    if trait.kind == "text":
        return r.choice((*PROVINCES, *CATEGORIES, None))
    return _TRAIT_VALUES[trait.kind](r, now)


def _moment(r: random.Random, now: datetime) -> datetime:
    """An instant, often one where a window ends, a named day does, or just beside it."""
    drawn = r.random()
    if drawn < 0.4:
        return now - r.choice(EDGES)
    if drawn < 0.5:
        return r.choice(MOMENTS) + timedelta(microseconds=r.choice((-1, 0, 1)))
    if drawn < 0.7:
        day = r.choice(DAYS) + timedelta(days=r.choice((0, 0, 1)))
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)
        return midnight + timedelta(microseconds=r.choice((-1, 0, 1)))
    if drawn < 0.8:  # the same clock time some months before, by the calendar of any month end
        local = now.astimezone(ZONE)
        days = r.choice((28, 29, 30, 31, 59, 60, 61, 91, 92, 366))
        at = datetime.combine(local.date() - timedelta(days=days), local.time(), ZONE)
        return at.astimezone(UTC) + timedelta(microseconds=r.choice((-1, 0, 1)))
    return now - timedelta(seconds=r.randint(-86_400, 400 * 86_400))


def _dated(moment: datetime) -> dict[str, Any]:
    day = moment.astimezone(ZONE).date()
    return {"biz_date": day, "month": day.year * 12 + day.month - 1}


def _add_order(world: World, r: random.Random, member: int) -> None:
    orders, lines = world.facts["order_fact"], world.facts["line_fact"]
    moment = _moment(r, world.now)
    order = len(orders) + 1
    purchase = r.random() < 0.8
    shared = {"order_id": order, "shop_id": r.randint(1, 2), "member_id": member,
              "currency": "CNY", "is_purchase": purchase, "happened_at": moment}  # fmt: skip
    paid = 0
    for _ in range(r.randint(1, 3)):
        amount = r.choice((0, 4_999, 5_000, 10_000))
        paid += amount
        product = r.randint(1, len(world.products) + 1)  # one the catalogue does not have
        lines.append(shared | _dated(moment) | {
            "line_id": len(lines) + 1, "product_id": product, "quantity": r.randint(1, 3),
            "list_minor": amount, "paid_minor": amount, "discount_minor": 0,
            "refunded_minor": r.choice((0, 0, amount // 2))})  # fmt: skip
    orders.append(shared | _dated(moment) | {
        "status": "paid", "ordered_at": moment, "paid_at": moment, "quantity": r.randint(1, 5),
        "list_minor": paid, "discount_minor": r.choice((0, 500)),
        "coupon_minor": r.choice((0, 300)), "paid_minor": paid, "refunded_minor": 0,
        "province": r.choice(PROVINCES), "city": "", "receiver": None, "device": "",
        "local_hour": None, "gift_note": False})  # fmt: skip


def _add_event(world: World, r: random.Random, member: int) -> None:
    events = world.facts["touch_fact"]
    moment = _moment(r, world.now)
    events.append(_dated(moment) | {
        "event_id": len(events) + 1, "shop_id": r.choice((1, 2, None)), "member_id": member,
        "kind": r.choice(KINDS), "name": r.choice(("", "spin", "抽奖")), "occurred_at": moment,
        "order_no": "", "product_code": r.choice((*CODES, "", "Z9"))})  # fmt: skip


def schemas() -> dict[str, pa.Schema]:
    """The relations of a statement by name."""
    types = {"count": pa.int64(), "days": pa.int64(), "money": pa.int64(), "score": pa.int64(),
             "ratio": pa.float64(), "number": pa.float64(), "boolean": pa.bool_(),
             "time": pa.timestamp("us", "UTC"), "date": pa.date32(),
             "code": pa.string(), "text": pa.string()}  # fmt: skip
    people = pa.schema([("member_id", pa.int64()), *((t.name, types[t.kind]) for t in TRAITS)])
    facts = {
        relation_of(name): tables()[name].schema
        for name in ("order_fact", "line_fact", "touch_fact")
    }
    holdings = pa.schema([("holding", pa.int64()), ("member_id", pa.int64())])
    return {
        PEOPLE: people,
        HOLDINGS: holdings,
        "product_dim": tables()["product_dim"].schema,
    } | facts


def rows(world: World, holdings: tuple[Holds, ...]) -> dict[str, pa.Table]:
    """The world as Arrow tables, for any engine."""
    held = [
        {"holding": number, "member_id": member}
        for member, found in world.holds.items()
        for number, atom in enumerate(holdings)
        if atom in found
    ]
    plain = {
        PEOPLE: world.people,
        HOLDINGS: held,
        "product_dim": world.products,
        **{relation_of(name): found for name, found in world.facts.items()},
    }
    return {
        name: pa.Table.from_pylist(plain.get(name, []), schema=schema)
        for name, schema in schemas().items()
    }


def loaded(world: World, holdings: tuple[Holds, ...]) -> duckdb.DuckDBPyConnection:
    """A DuckDB of its own that holds the world."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for name, table in rows(world, holdings).items():
        columns = ", ".join(f"{f.name} {sql_type(f.type)}" for f in table.schema)
        connection.execute(f"CREATE TABLE {name} ({columns})")
        connection.register("incoming", table)
        connection.execute(f"INSERT INTO {name} SELECT * FROM incoming")
        connection.unregister("incoming")
    return connection


def found(connection: duckdb.DuckDBPyConnection, sql: str, rules: int) -> list[set[int]]:
    """The members each rule of a bound statement finds."""
    answers = connection.execute(sql).fetchall()
    first = 1 + len(CARRIED)
    return [{row[0] for row in answers if row[first + n]} for n in range(rules)]
