"""Customer value as a whole: the model in force, its tiers, and how well it foretold the past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np

from huitou.insight import definitions, kept, plan, snapshots, value_steps
from huitou.insight.clv import values
from huitou.insight.clv.newton import Floats
from huitou.insight.clv.purchases import Histories
from huitou.insight.clv.values import ValueModel
from huitou.insight.definitions import Label
from huitou.insight.rules import divided
from huitou.insight.types import Scope
from huitou.kernel.errors import RefusedInputError
from huitou.lake.sessions import Session

BACKTEST_DAYS = 180
# A week shows little but chance; two years of hold-out leave little to learn from.
BACKTEST_DAYS_MIN, BACKTEST_DAYS_MAX = 28, 730
# Customers by purchases after the first: 0, 1, … and this many or more.
REPEAT_CLASS_MAX = 7


@dataclass(frozen=True)
class Tier:
    """The members of a value tier; ``clv_minor`` is what the coming year is worth."""

    label: Label
    members: int
    sales_minor: int
    clv_minor: int
    purchases: float


@dataclass(frozen=True)
class ValueSummary:
    """The model as of a date. ``reason`` says why there is none, or no amounts."""

    as_of: date
    model: ValueModel
    reason: Label | None
    tiers: list[Tier]


@dataclass(frozen=True)
class RepeatClass:
    """Customers by repeat purchases at the calibration date (the last class is open).

    Purchases are those of the hold-out period, of all of them together.
    """

    repeats: int
    customers: int
    expected: float
    actual: int


@dataclass(frozen=True)
class Week:
    """Cumulative purchases from the calibration date to the end of a week of the hold-out."""

    until: date
    expected: float
    actual: int


@dataclass(frozen=True)
class Backtest:
    """A model fitted on ``calibration`` and before, against what happened up to ``as_of``.

    Purchases are purchase days of members who had bought by ``calibration``. ``error`` is expected
    over actual, less one; ``error_by_rate`` that of the plain guess that everybody goes on as
    before. ``mean_error`` is the mean distance per member. Without a model (``reason``) the lists
    are empty.
    """

    calibration: date
    as_of: date
    customers: int
    model: ValueModel
    reason: Label | None
    expected: float
    actual: int
    error: float | None
    error_by_rate: float | None
    mean_error: float | None
    expected_sales_minor: int | None
    actual_sales_minor: int
    classes: list[RepeatClass]
    weeks: list[Week]


def summary(scope: Scope) -> ValueSummary | None:
    """The value model in force and its tiers; ``None`` when the scope was never refreshed."""
    snapshot = snapshots.current(scope)
    if snapshot is None:
        return None
    return summary_of(snapshot.as_of, snapshots.summary(snapshot.folder)["value"])


def summary_of(as_of: date, content: Mapping[str, Any]) -> ValueSummary:
    """The summary of ``figures.value``."""
    model = value_steps.model_of(content["model"])
    found = {row[0]: row[1:] for row in content["tiers"]}
    tiers = [
        Tier(label, *found.get(label.code, (0, 0, 0, 0.0))) for label in definitions.VALUE_TIERS
    ]
    return ValueSummary(as_of, model, definitions.NO_VALUE_REASONS.get(model.reason), tiers)


def backtest(scope: Scope, days: int = BACKTEST_DAYS) -> Backtest | None:
    """The back-test of the snapshot in force over its last ``days``, kept beside it.

    Raises ``RefusedInputError`` when ``days`` is out of bounds.
    """
    snapshot = snapshots.current(scope)
    if snapshot is None:
        return None
    checked_days(days)
    content = kept.kept(
        snapshot, f"backtest-{days}", lambda session: measured(session, snapshot.as_of, days)
    )
    return backtest_of(content)


def checked_days(days: int) -> int:
    """``days`` itself. Raises ``RefusedInputError`` when it is out of bounds."""
    if not BACKTEST_DAYS_MIN <= days <= BACKTEST_DAYS_MAX:
        raise RefusedInputError(
            "BACKTEST_DAYS",
            f"a back-test takes from {BACKTEST_DAYS_MIN} to {BACKTEST_DAYS_MAX} days",
        )
    return days


def measured(session: Session, as_of: date, days: int) -> dict[str, Any]:
    """The back-test of a session's purchases, ready for JSON; see ``backtest_of``."""
    calibration = as_of - timedelta(days=checked_days(days))
    plan.run_steps(session, plan.value_steps(session.dialect), calibration)
    connection = session.connection
    model = value_steps.model_in(connection)
    _follow(session, calibration, as_of)
    held = value_steps.columns_of(
        connection, "held_out", "repeats, recency, age, bought, customers, spent, sales"
    )
    content: dict[str, Any] = {
        "calibration": calibration.isoformat(),
        "as_of": as_of.isoformat(),
        "model": value_steps.model_row(connection),
        "customers": int(held["customers"].sum()),
        "actual": int((held["bought"] * held["customers"]).sum()),
        "actual_sales": int(held["sales"].sum()),
    }
    if model.purchases is None or not content["customers"]:
        return content
    histories = Histories(
        held["repeats"],
        value_steps.floats(held["recency"]),
        value_steps.floats(held["age"]),
        value_steps.floats(held["customers"]),
    )
    expected = values.expected_by(model.purchases, histories, days)
    return {
        **content,
        **_errors(histories, expected, held["bought"], days),
        "expected_sales": _sales(model, histories, expected, held["spent"]),
        "classes": _classes(histories, expected, held["bought"]),
        "weeks": _weeks(connection, model, calibration, days),
    }


def _follow(session: Session, calibration: date, as_of: date) -> None:
    """What each of ``buyers`` bought in the hold-out: by history and number of purchase days."""
    after = f"biz_date > DATE '{calibration}' AND biz_date <= DATE '{as_of}'"
    session.make(
        "bought_after",
        f"""
        SELECT member_id, biz_date, CAST(sum(paid_minor - refunded_minor) AS BIGINT) AS sales
        FROM {plan.PURCHASES}
        WHERE {after} AND member_id IN (SELECT member_id FROM buyers)
        GROUP BY member_id, biz_date
        """,
    )
    session.connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE held_out AS
        WITH later AS (
            SELECT member_id, count(*) AS bought, sum(sales)::BIGINT AS sales
            FROM bought_after GROUP BY member_id
        )
        SELECT purchase_days - 1 AS repeats, last_day - first_day AS recency,
               DATE '{calibration}' - first_day AS age, coalesce(bought, 0) AS bought,
               count(*) AS customers, sum(monetary_minor)::DOUBLE AS spent,
               coalesce(sum(sales), 0)::DOUBLE AS sales
        FROM buyers LEFT JOIN later USING (member_id)
        GROUP BY ALL
        """
    )


def _errors(
    histories: Histories, expected: Floats, bought: np.ndarray[Any, Any], days: int
) -> dict[str, Any]:
    customers = histories.customers
    total = float(expected @ customers)
    actual = float(bought @ customers)
    rate = np.divide(
        histories.repeats, histories.age, out=np.zeros_like(expected), where=histories.age > 0
    )
    by_rate = float((rate * days) @ customers)
    away = float(np.abs(expected - bought) @ customers)
    return {
        "expected": total,
        "error": divided(total - actual, actual),
        "error_by_rate": divided(by_rate - actual, actual),
        "mean_error": away / float(customers.sum()),
    }


def _sales(
    model: ValueModel, histories: Histories, expected: Floats, spent: np.ndarray[Any, Any]
) -> int | None:
    """Expected sales: the expected amount is linear in what was spent, so sums will do."""
    if model.spend is None:
        return None
    of = model.spend
    days = histories.repeats + 1
    amounts = of.p * (of.v * histories.customers + spent) / (of.p * days + of.q - 1)
    return round(float(expected @ amounts))


def _classes(
    histories: Histories, expected: Floats, bought: np.ndarray[Any, Any]
) -> list[list[float]]:
    place = np.minimum(histories.repeats, REPEAT_CLASS_MAX)
    sums = (
        np.bincount(place, weights, REPEAT_CLASS_MAX + 1)
        for weights in (
            histories.customers,
            histories.customers * expected,
            histories.customers * bought,
        )
    )
    return [list(map(float, row)) for row in zip(*sums, strict=True)]


def _weeks(
    connection: duckdb.DuckDBPyConnection, model: ValueModel, calibration: date, days: int
) -> list[list[float]]:
    """(days gone, expected, actual) at the end of each week, the last one maybe short."""
    if model.purchases is None:
        return []
    histories = value_steps.histories_in(connection)
    week_of = f"(biz_date - DATE '{calibration}' - 1) // 7"
    found = dict(
        connection.execute(f"SELECT {week_of}, count(*) FROM bought_after GROUP BY 1").fetchall()
    )
    rows, actual = [], 0
    for week in range((days + 6) // 7):
        gone = min(7 * (week + 1), days)
        actual += found.get(week, 0)
        expected = values.expected_by(model.purchases, histories, gone) @ histories.customers
        rows.append([gone, float(expected), actual])
    return rows


def backtest_of(content: Mapping[str, Any]) -> Backtest:
    """The back-test as ``measured`` left it."""
    model = value_steps.model_of(content["model"])
    calibration = date.fromisoformat(content["calibration"])
    return Backtest(
        calibration=calibration,
        as_of=date.fromisoformat(content["as_of"]),
        customers=content["customers"],
        model=model,
        reason=definitions.NO_VALUE_REASONS.get(model.reason),
        expected=content.get("expected", 0.0),
        actual=content["actual"],
        error=content.get("error"),
        error_by_rate=content.get("error_by_rate"),
        mean_error=content.get("mean_error"),
        expected_sales_minor=content.get("expected_sales"),
        actual_sales_minor=content["actual_sales"],
        classes=[
            RepeatClass(repeats, int(customers), expected, int(actual))
            for repeats, (customers, expected, actual) in enumerate(content.get("classes", ()))
        ],
        weeks=[
            Week(calibration + timedelta(days=gone), expected, actual)
            for gone, expected, actual in content.get("weeks", ())
        ],
    )
