"""Figures of any as-of date, computed at once over a lake brought up to date first.

The console reads snapshots; the command line and exports ask here. Everything happens in one
session over one version of the files.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from huitou.brands.models import Brand
from huitou.insight import figures, migration, periods, plan, readings, standing, value
from huitou.insight.types import (
    CohortRow,
    CycleSummary,
    Flow,
    Kpi,
    LifecycleMonths,
    LifecycleSummary,
    RegionRow,
    RfmRule,
    RfmSummary,
)
from huitou.kernel.errors import RefusedInputError
from huitou.lake import copying, projection, store
from huitou.lake.projection import Progress
from huitou.lake.sessions import Session
from huitou.members.lake import IDENTITY_SCHEMA, IDENTITY_SQL, clear_identities

_BATCH_ROWS = 100_000
_ALL_COHORTS = 12 * 200


@dataclass(frozen=True)
class Live:
    """A session over the up-to-date lake of one brand, or of one of its shops."""

    session: Session
    brand_id: int
    as_of: date

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """Where everything computed is read."""
        return self.session.connection

    @cached_property
    def first_day(self) -> date | None:
        """The date of the first purchase up to the as-of date."""
        found = self.connection.execute(
            f"SELECT min(biz_date) FROM {plan.PURCHASES} WHERE biz_date <= $day",
            {"day": self.as_of},
        ).fetchone()
        return found[0] if found else None

    @cached_property
    def roll_ups(self) -> periods.Source:
        """What figures of periods are read from, computed into the session."""
        from huitou.insight.expressions import roll_ups

        names = ("daily", "successions", "comebacks")
        dialect = self.session.dialect
        steps = (
            (names[0], plan.purchases_sql(dialect, roll_ups.daily)),
            (names[1], plan.purchases_sql(dialect, roll_ups.successions)),
            (names[2], plan.comebacks_sql(dialect)),
        )
        plan.run_steps(self.session, steps, self.as_of)
        return periods.Source(self.connection, *names, self.first_day)


@contextmanager
def opened(
    brand: Brand, *, as_of: date, shop_id: int | None = None, progress: Progress | None = None
) -> Iterator[Live]:
    """Project what is new, then open a session over what stands."""
    with projection.writer_lock(brand.pk):
        projection.project(brand.pk, progress=progress)
        files = store.files_of(brand.pk)
    with plan.session(brand.pk, files, currency=brand.currency, shop_id=shop_id) as session:
        yield Live(session, brand.pk, as_of)


def rfm(live: Live, rule: RfmRule) -> RfmSummary:
    """RFM by ``rule``. Raises ``RefusedInputError`` when the rule cannot be read."""
    return periods.rfm(live.session, rule, live.as_of)


def rfm_members(live: Live) -> pa.Table:
    """After ``rfm``: a row per grouped member with R, F, M and the group."""
    return live.connection.sql(
        """
        SELECT m.public_id AS member_id, g.recency_days, g.frequency, g.monetary_minor,
               g.code AS rfm_group
        FROM grouped g JOIN member_dim m USING (member_id) ORDER BY m.member_id
        """
    ).to_arrow_table()


def lifecycle(live: Live) -> LifecycleSummary:
    """Members by life-cycle stage and buyer type, churn rate and flow."""
    return readings.lifecycle(live.as_of, _content(live))


def lifecycle_months(
    live: Live, months: int, between: tuple[date, date] | None = None
) -> tuple[LifecycleMonths, Flow]:
    """The life cycle at month ends, and who moved between two of them: by default first and last.

    Raises ``RefusedInputError`` for too few or many months, or what are not two of the ends.
    """
    histories = migration.computed(live.session, live.as_of, months)
    found = migration.months_of(migration.counts_of(histories), histories.ends)
    before, after = between or (found.before, histories.ends[-1])
    return found, migration.migration_of(histories, before, after)


def cycle(live: Live) -> CycleSummary:
    """Purchase cycles of the brand and its categories."""
    return readings.cycle(live.as_of, _content(live))


def cohorts(live: Live, *, months: int | None = None) -> list[CohortRow]:
    """Monthly retention of the last ``months`` cohorts, or of all."""
    rows = figures.cohorts(live.session, live.as_of)
    return readings.cohorts(live.as_of, rows, months=months or _ALL_COHORTS)


def value_summary(live: Live) -> value.ValueSummary:
    """The value model and its tiers."""
    plan.run_steps(live.session, plan.trait_steps(live.session.dialect), live.as_of)
    return value.summary_of(live.as_of, figures.value(live.connection))


def value_backtest(live: Live, days: int) -> value.Backtest:
    """The model of ``days`` before, against what happened since."""
    return value.backtest_of(value.measured(live.session, live.as_of, days))


def funnel(live: Live, kind: str) -> standing.Funnel:
    """A funnel. Raises ``RefusedInputError`` for a kind there is not."""
    standing.checked_kind(kind)
    plan.run_steps(live.session, plan.trait_steps(live.session.dialect), live.as_of)
    return standing.funnel_of(live.as_of, figures.standings(live.connection), kind)


def period(live: Live, window_days: int | None) -> tuple[date, date]:
    """The ``window_days`` up to and including the as-of date; without them, all since the first."""
    if window_days is not None:
        return live.as_of - timedelta(days=window_days - 1), live.as_of
    return live.first_day or live.as_of, live.as_of


def kpis(live: Live, start: date, end: date) -> list[Kpi]:
    """The KPI tiles of a period."""
    return periods.kpis(live.roll_ups, start, end)


def regions(
    live: Live, start: date, end: date, level: str, province: str | None = None
) -> list[RegionRow]:
    """Purchases of a period by province, or by city (of one province)."""
    return periods.regions(live.roll_ups, start, end, level, province)


def write_traits(live: Live, out: Path) -> int:
    """Write one row per member (also those who never bought) with every trait; returns the rows.

    ``member_id`` is the public id. ``platform_ids`` is a list of (platform, kind, value) in
    Parquet and ``platform:kind:value`` joined by ``;`` in CSV. Raises ``RefusedInputError`` when
    ``out`` is neither.
    """
    as_text = _is_csv(out)
    plan.run_steps(live.session, plan.trait_steps(live.session.dialect), live.as_of)
    _load_identities(live)
    listed = (
        "string_agg(platform || ':' || kind || ':' || value, ';' ORDER BY platform, kind, value)"
        if as_text
        else "list(struct_pack(platform, kind, value) ORDER BY platform, kind, value)"
    )
    nothing = "''" if as_text else "[]"
    found = live.connection.sql(
        f"""
        SELECT m.public_id AS member_id, m.* EXCLUDE (member_id, public_id),
               coalesce(i.platform_ids, {nothing}) AS platform_ids
        FROM ({plan.members_sql(columns="member_id, public_id")}) m
        LEFT JOIN (SELECT member_id, {listed} AS platform_ids
                   FROM member_identities GROUP BY member_id) i USING (member_id)
        ORDER BY m.member_id
        """
    )
    return _write_batches(found.to_arrow_reader(_BATCH_ROWS), out)


def write_table(table: pa.Table, out: Path) -> int:
    """Write a table as CSV or Parquet by the file's name; returns the rows.

    Raises ``RefusedInputError`` when the name ends in neither.
    """
    _is_csv(out)
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
    return _write_batches(reader, out)


def _write_batches(reader: pa.RecordBatchReader, out: Path) -> int:
    rows = 0
    # DuckDB may only write inside the lake, so Arrow writes what leaves it.
    with (
        pyarrow.csv.CSVWriter(out, reader.schema)
        if _is_csv(out)
        else pyarrow.parquet.ParquetWriter(out, reader.schema)
    ) as writer:
        for batch in reader:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _is_csv(out: Path) -> bool:
    if out.suffix.lower() not in (".csv", ".parquet"):
        raise RefusedInputError("OUT", f"{out} must end in .csv or .parquet")
    return out.suffix.lower() == ".csv"


def _load_identities(live: Live) -> None:
    live.connection.execute(
        "CREATE TEMP TABLE member_identities "
        "(member_id BIGINT, platform VARCHAR, kind VARCHAR, value VARCHAR)"
    )
    parameters = {"brand_id": live.brand_id}
    with copying.copied_out(IDENTITY_SQL, parameters, IDENTITY_SCHEMA) as batches:
        for batch in batches:
            live.connection.register("identity_batch", clear_identities(batch))
            live.connection.execute("INSERT INTO member_identities SELECT * FROM identity_batch")
            live.connection.unregister("identity_batch")


def _content(live: Live) -> dict[str, Any]:
    figures.prepare(live.session, live.as_of)
    return figures.computed(live.session, live.as_of)
