"""Why a member is in a segment, what is true of them, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from huitou.segments.explaining import found, until
from huitou.segments.judging import Known
from huitou.segments.moments import At
from huitou.segments.reading import read_rule
from huitou.segments.sentences import Names
from tests.segments.worlds import VOCABULARY

NOW = datetime(2024, 6, 30, 12, tzinfo=UTC)
AT = At(NOW, ZoneInfo("Asia/Shanghai"))
NAMES = Names("CNY", AT.zone, {})
TICK = timedelta(microseconds=1)


def _known(*days_ago: int, **traits: Any) -> Known:
    orders = [
        {"order_id": n, "is_purchase": True, "happened_at": NOW - timedelta(days=days),
         "paid_minor": 1000, "refunded_minor": 0}
        for n, days in enumerate(days_ago)
    ]  # fmt: skip
    return Known(traits, {"order_fact": orders})


def _until(rule: dict[str, Any], known: Known) -> datetime | None:
    return until(read_rule(rule, VOCABULARY), known, AT)


def test_every_condition_says_what_there_is() -> None:
    # given
    often = {"did": "order.paid", "count": {"gte": 3}, "within": "30d"}
    rule = {"all": [{"trait": "recency_days", "lte": 5}, {"not": often}]}

    # when
    said = found(read_rule(rule, VOCABULARY), _known(3, 4, recency_days=3), AT, NAMES)

    # then
    recent, negated = said.parts
    assert (said.joint, said.holds) == ("all", True)
    assert (recent.holds, recent.actual, recent.says.zh) == (True, 3, "距上次购买天数不超过 5 天")
    assert (negated.joint, negated.holds) == ("not", True)
    assert (negated.parts[0].holds, negated.parts[0].actual) == (False, 2)


def test_the_answer_stands_until_a_fact_leaves_its_window() -> None:
    rule = {"did": "order.paid", "count": {"gte": 2}, "within": "30d"}
    assert _until(rule, _known(3, 10, 20)) == NOW + timedelta(days=20) + TICK
    assert _until(rule, _known(3)) is None


def test_silence_begins_when_the_last_time_is_long_enough_ago() -> None:
    rule = {"did": "order.paid", "last": {"lt": {"ago": "90d"}}}
    assert _until(rule, _known(3)) == NOW + timedelta(days=87) + TICK


def test_a_month_is_one_by_the_calendar() -> None:
    # bought on 27 June; on 27 July the month is over
    rule = {"did": "order.paid", "within": "1mo"}
    assert _until(rule, _known(3)) == datetime(2024, 7, 27, 12, tzinfo=UTC) + TICK


def test_the_members_own_cycle_ends_with_the_second() -> None:
    rule = {"did": "order.paid", "within": {"cycles": 2}}
    assert _until(rule, _known(3, cycle_days=10)) == NOW + timedelta(days=17, seconds=1)


def test_what_only_traits_decide_has_no_end_of_its_own() -> None:
    assert _until({"trait": "recency_days", "lte": 5}, _known(recency_days=3)) is None
