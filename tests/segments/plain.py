"""Rules evaluated the long way round: from their data, with a loop for every word.

It knows neither the tree nor the compiler; only what the documentation of rules promises.
"""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.segments.worlds import World

ORDER_FIELDS = ("amount", "quantity", "discount", "coupon", "shop", "province", "city")
SHOPS = {"tm": 1, "jd": 2}
UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 604800}
SOONEST = timedelta(microseconds=1)


class Plain:
    """A world looked at from an instant."""

    def __init__(self, world: World, now: datetime, zone: ZoneInfo) -> None:
        self.world = world
        self.now = now
        self.zone = zone

    def members(self, rule: dict[str, Any]) -> set[int]:
        """The members of whom the rule is true."""
        return {p["member_id"] for p in self.world.people if self.true_of(p, rule)}

    def true_of(self, person: dict[str, Any], rule: dict[str, Any]) -> bool:
        """Whether the rule is true of one person."""
        if "all" in rule:
            return False not in [self.true_of(person, part) for part in rule["all"]]
        if "any" in rule:
            return True in [self.true_of(person, part) for part in rule["any"]]
        if "not" in rule:
            return not self.true_of(person, rule["not"])
        if "trait" in rule:
            return self._compare(person, person[rule["trait"]], rule)
        if "did" in rule:
            return self._did(person, rule)
        if "segment" in rule and rule["segment"] == "recent":
            return person["recency_days"] is not None and person["recency_days"] <= 30
        words = {h.word for h in self.world.holds[person["member_id"]]}
        named = rule.get("tag") or rule.get("segment") or rule.get("consent")
        return named in words

    def _did(self, person: dict[str, Any], rule: dict[str, Any]) -> bool:
        where = rule.get("where", {})
        in_parts = rule["did"] == "order.paid" and any(f not in ORDER_FIELDS for f in where)
        facts = [
            fact
            for fact in self._facts(person, rule["did"], in_parts)
            if self._in_time(person, fact["moment"], rule)
            and all(
                self._compare(person, self._field(fact, f, in_parts), t) for f, t in where.items()
            )
        ]
        units = {fact["unit"] for fact in facts}
        if "sum" in rule or "average" in rule:
            said = rule.get("sum") or rule.get("average")
            total = sum(self._field(fact, said.get("of", "amount"), in_parts) for fact in facts)
            if "average" in rule:
                total = total / len(units) if units else None
            return self._compare(person, total, said)
        for side, pick in (("first", min), ("last", max)):
            if side in rule:
                moments = [fact["moment"] for fact in facts]
                return self._compare(person, pick(moments) if moments else None, rule[side])
        return self._compare(person, len(units), rule.get("count", {"gte": 1}))

    def _facts(self, person: dict[str, Any], did: str, in_parts: bool) -> list[dict[str, Any]]:
        mine = person["member_id"]
        if did == "order.paid":
            orders = [
                o | {"moment": o["happened_at"], "unit": o["order_id"]}
                for o in self.world.facts["order_fact"]
                if o["member_id"] == mine and o["is_purchase"]
            ]
            if not in_parts:
                return orders
            return [
                line | {"moment": order["moment"], "unit": order["unit"], "order": order}
                for order in orders
                for line in self.world.facts["line_fact"]
                if line["order_id"] == order["order_id"]
            ]
        kind = did.removeprefix("event.")
        return [
            e | {"moment": e["occurred_at"], "unit": e["event_id"]}
            for e in self.world.facts["touch_fact"]
            if e["member_id"] == mine and e["kind"] == kind
        ]

    def _field(self, fact: dict[str, Any], name: str, in_parts: bool) -> Any:
        if name == "amount":
            return fact["paid_minor"] - fact["refunded_minor"]
        if name in ("discount", "coupon"):
            return fact.get("order", fact)[f"{name}_minor"]
        if name in ("province", "city"):
            return fact.get("order", fact)[name]
        if name == "shop":
            return {1: "tm", 2: "jd", None: None}[fact["shop_id"]]
        if name == "product" and "product_code" in fact:
            return fact["product_code"]
        if name in ("category", "title", "product"):
            for product in self.world.products:
                if product["product_id"] == fact.get("product_id") or (
                    product["code"] == fact.get("product_code")
                ):
                    return product["code" if name == "product" else name]
            return None
        return fact[name]

    def _in_time(self, person: dict[str, Any], moment: datetime, rule: dict[str, Any]) -> bool:
        if moment > self.now:
            return False
        if "within" in rule and isinstance(rule["within"], dict):
            cycle = person["cycle_days"]
            gone = int(self.now.timestamp()) - int(moment.timestamp())
            return cycle is not None and gone <= cycle * 86400 * rule["within"]["cycles"]
        if "within" in rule:
            return moment >= self._shifted(rule["within"], -1)
        if "between" in rule:
            first, last = rule["between"]
            return self.side(moment, first) >= 0 and self.side(moment, last) <= 0
        if "after" in rule:
            return self.side(moment, rule["after"]) >= 0
        if "before" in rule:
            return self.side(moment, rule["before"]) <= 0
        return True

    def _compare(self, person: dict[str, Any], value: Any, tests: dict[str, Any]) -> bool:
        for word, said in tests.items():
            if word == "known" and (value is not None) != said:
                return False
            if word in ("known", "trait", "of"):
                continue
            if word not in ("eq", "in", "gt", "gte", "lt", "lte", "contains"):
                continue
            if value is None:
                return False
            if word in ("in", "contains"):
                if (value not in said) if word == "in" else (said not in value):
                    return False
                continue
            order = self._order(person, value, said)
            if order is None:
                return False
            right = {"eq": order == 0, "gt": order > 0, "gte": order >= 0,
                     "lt": order < 0, "lte": order <= 0}  # fmt: skip
            if not right[word]:
                return False
        return True

    def _order(self, person: dict[str, Any], value: Any, said: Any) -> int | None:
        if isinstance(said, dict) and "trait" in said:
            other = person[said["trait"]]
            if other is None:
                return None
            times = said.get("times", 1)
            other = other if times == 1 else other * float(times)
            return (value > other) - (value < other)
        if isinstance(value, datetime):
            return self.side(value, said)
        if isinstance(value, date):
            day = self._day(said)
            return (value > day) - (value < day)
        return (value > said) - (value < said)

    def side(self, moment: datetime, point: Any) -> int:
        """Before (-1), at (0) or after (1) a point; a day lasts till the next begins."""
        if isinstance(point, str) and len(point) == 10:
            local = moment.astimezone(self.zone).date().isoformat()
            return (local > point) - (local < point)
        exact = self._instant(point)
        return (moment > exact) - (moment < exact)

    def _instant(self, point: Any) -> datetime:
        if isinstance(point, dict):
            ((way, length),) = point.items()
            return self._shifted(length, 1 if way == "ahead" else -1)
        return datetime.fromisoformat(point)

    def _day(self, point: Any) -> date:
        if isinstance(point, dict):
            ((way, length),) = point.items()
            sign = 1 if way == "ahead" else -1
            today = self.now.astimezone(self.zone).date()
            if length.endswith(("mo", "y")):
                return self._month_shifted(today, length, sign)
            if length.endswith(("d", "w")):
                return today + sign * timedelta(seconds=self._seconds(length))
            return self._shifted(length, sign).astimezone(self.zone).date()
        if len(point) == 10:
            return date.fromisoformat(point)
        return datetime.fromisoformat(point).astimezone(self.zone).date()

    def _seconds(self, length: str) -> int:
        unit = length.lstrip("0123456789")
        return int(length[: -len(unit)]) * UNITS[unit]

    def _shifted(self, length: str, sign: int) -> datetime:
        if length.endswith(("mo", "y")):
            local = self.now.astimezone(self.zone)
            day = self._month_shifted(local.date(), length, sign)
            return datetime.combine(day, local.time(), self.zone)
        return self.now + sign * timedelta(seconds=self._seconds(length))

    def _month_shifted(self, day: date, length: str, sign: int) -> date:
        months = int(length[:-2]) if length.endswith("mo") else 12 * int(length[:-1])
        year, month = day.year, day.month
        for _ in range(months):
            month += sign
            if month in (0, 13):
                year, month = year + sign, 12 if month == 0 else 1
        last = calendar.monthrange(year, month)[1]
        return date(year, month, min(day.day, last))
