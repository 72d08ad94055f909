"""The small figures of a scope as of a date, computed from its traits in one session.

They are plain lists and numbers, so a snapshot can keep them as JSON; ``insight.queries`` gives
them names and labels.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import duckdb

from huitou.insight import definitions, plan, value_steps
from huitou.lake.sessions import Session

_FLOW = f"""
    SELECT coalesce(b.lifecycle_stage, '{definitions.NOT_YET.code}'), n.lifecycle_stage, count(*)
    FROM traits n LEFT JOIN stages b USING (member_id)
    GROUP BY 1, 2 ORDER BY 1, 2
"""


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[list[Any]]:
    return [list(row) for row in connection.execute(sql).fetchall()]


def prepare(session: Session, as_of: date) -> None:
    """Leave the steps of ``plan.trait_steps`` in the session, and ``stages`` as the flow begins."""
    before = as_of - timedelta(days=definitions.FLOW_DAYS)
    plan.run_steps(session, plan.stage_steps(session.dialect), before)
    plan.run_steps(session, plan.trait_steps(session.dialect), as_of)


def computed(session: Session, as_of: date) -> dict[str, Any]:
    """Every small figure, after ``prepare``; ready for JSON."""
    connection = session.connection
    return {
        "thresholds": _thresholds(connection),
        "groups": _rows(
            connection,
            """
            SELECT rfm_group, count(*), sum(monetary_minor)::BIGINT, sum(frequency)::BIGINT
            FROM traits GROUP BY 1 ORDER BY 1
            """,
        ),
        "matrix": _matrix(connection),
        "flow": _rows(connection, _FLOW),
        "buyer_types": _rows(
            connection, "SELECT buyer_type, count(*) FROM traits GROUP BY 1 ORDER BY 1"
        ),
        "brand_cycle": _rows(connection, "SELECT brand_cycle FROM brand_norm")[0][0],
        "categories": _rows(
            connection,
            """
            SELECT category, greatest(category_cycle, 1), members
            FROM category_norms ORDER BY members DESC, category
            """,
        ),
        "basis": _rows(
            connection, "SELECT cycle_basis, count(*) FROM cycled GROUP BY 1 ORDER BY 1"
        ),
        "cohorts": cohorts(session, as_of),
        "value": value(connection),
        "standings": standings(connection),
    }


def standings(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Members by stage of each kind, and of how many each condition of AARRR holds."""
    met = ", ".join(f"count(*) FILTER ({name})" for name in definitions.AARRR_CONDITIONS)
    return {
        "met": _rows(connection, f"SELECT {met} FROM standings")[0],
        **{
            name: dict(_rows(connection, f"SELECT {name}, count(*) FROM standings GROUP BY 1"))
            for name in ("stage_5a", "aarrr_stage", "journey_stage")
        },
    }


def value(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The value model by parameter, and each tier's members, sales and value to come."""
    tiers = _rows(
        connection,
        """
        SELECT value_tier, count(*), sum(monetary_minor)::BIGINT,
               coalesce(sum(clv_minor), 0)::BIGINT,
               round(coalesce(sum(expected_purchases), 0), 6)::DOUBLE
        FROM traits GROUP BY 1 ORDER BY 1
        """,
    )
    return {"model": value_steps.model_row(connection), "tiers": tiers}


def _thresholds(connection: duckdb.DuckDBPyConnection) -> list[float | None]:
    return _rows(
        connection,
        "SELECT recency_days_mean, frequency_mean, monetary_minor_mean FROM measures_scale",
    )[0]


def _matrix(connection: duckdb.DuckDBPyConnection) -> list[list[int]]:
    cells = [[0] * len(definitions.FREQUENCY_BANDS) for _ in definitions.RECENCY_BANDS]
    row = _band_case("recency_days", definitions.RECENCY_BANDS)
    column = _band_case("frequency", definitions.FREQUENCY_BANDS)
    for at_row, at_column, members in _rows(
        connection, f"SELECT {row}, {column}, count(*) FROM traits GROUP BY 1, 2"
    ):
        cells[at_row][at_column] = members
    return cells


def _band_case(name: str, bands: tuple[tuple[int, int | None], ...]) -> str:
    whens = " ".join(
        f"WHEN {name} >= {low} THEN {place}" for place, (low, _) in reversed(list(enumerate(bands)))
    )
    return f"CASE {whens} END"


def cohorts(session: Session, as_of: date) -> list[list[Any]]:
    """Rows of (month of first purchase, months since, members who bought then)."""
    from huitou.insight.expressions import roll_ups

    plan.close_books(session, as_of)
    found = session.rows(plan.purchases_sql(session.dialect, roll_ups.cohorts))
    return _rows(session.connection, f"SELECT * FROM ({found}) ORDER BY first_month, age")
