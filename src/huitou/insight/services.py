"""Refresh: bring the lake up to date and write the snapshots the console reads."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
from django.utils import timezone

from huitou.brands.models import Brand, Shop
from huitou.insight import figures, migration, plan, snapshots
from huitou.insight.rules import divided
from huitou.insight.types import Scope
from huitou.jobs import services as jobs
from huitou.lake import projection, store
from huitou.lake.engine import quoted
from huitou.lake.projection import Progress
from huitou.lake.registry import tables
from huitou.lake.sessions import Session

# Small row groups: one member's traits are found without reading much else. Uncompressed: every
# page of the member list reads whole columns, and half of that time would go into decompressing.
_TRAITS_FILE = "FORMAT parquet, COMPRESSION uncompressed, ROW_GROUP_SIZE 8192"
# Ten rows a member: packed, and still one member's are found without reading much else.
_CATEGORIES_FILE = "FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 30720"
# A short period reads little more than its own days.
_BY_DATE_FILE = "FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 122880"
_SNAPSHOTS = "snapshots"
# A job's bar counts percents: how much work each step is, nobody knows before.
_JOB_STEPS = 100


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did. ``rows`` counts the projected rows per lake table."""

    brand: str
    as_of: date
    members: int
    buyers: int
    orders: int
    rows: dict[str, int]


def default_as_of(brand: Brand, now: datetime) -> date:
    """A brand's "today": its pinned date, else the date in its time zone."""
    return brand.pinned_as_of or now.astimezone(ZoneInfo(brand.time_zone)).date()


def refresh(
    brand_id: int,
    *,
    as_of: date | None = None,
    now: datetime | None = None,
    rebuild: bool = False,
    progress: Progress | None = None,
) -> Refreshed:
    """Project what changed since the last refresh, compute every trait and figure, publish them.

    ``as_of`` defaults to the brand's today at ``now``. ``rebuild`` drops the lake tables first;
    the result is the same. ``progress(step, done, total)`` is told how far it is. A refresh that
    is killed leaves the earlier snapshots in force. Raises ``Brand.DoesNotExist``.
    """
    brand = Brand.objects.get(pk=brand_id)
    moment = now or timezone.now()
    day = as_of or default_as_of(brand, moment)
    shops = list(Shop.objects.filter(brand=brand).order_by("id").values_list("id", flat=True))
    scopes: list[int | None] = [None, *(shops if len(shops) > 1 else [])]
    token = secrets.token_hex(6)
    folders: dict[str, str] = {}
    with projection.writer_lock(brand_id):
        projected = projection.project(brand_id, rebuild=rebuild, progress=progress)
        files = store.files_of(brand_id)
        with plan.session(
            brand_id, files, currency=brand.currency, shop_id=None, hold=True
        ) as session:
            for done, shop_id in enumerate(scopes):
                name = snapshots.scope_name(shop_id)
                if progress is not None:
                    progress(_SNAPSHOTS, done, len(scopes))
                folders[name] = f"{day.isoformat()}-{name}-{token}"
                folder = snapshots.snapshots_root(brand_id) / folders[name]
                folder.mkdir(parents=True)
                plan.count_purchases(session, currency=brand.currency, shop_id=shop_id)
                _write_snapshot(session, folder, shop_id, day, files)
                for steps in (plan.stage_steps, plan.trait_steps):
                    plan.drop_steps(session, steps(session.dialect))
        pointer = {
            "as_of": day.isoformat(),
            "refreshed_at": moment.isoformat(),
            "currency": brand.currency,
            "shops": shops,
            "folders": folders,
        }
        snapshots.publish(brand_id, pointer)
        store.vacuum(brand_id)
    if progress is not None:
        progress(_SNAPSHOTS, len(scopes), len(scopes))
    totals = snapshots.summary(str(snapshots.snapshots_root(brand_id) / folders["all"]))
    return Refreshed(
        brand=brand.slug,
        as_of=day,
        members=totals["members"],
        buyers=totals["buyers"],
        orders=totals["orders"],
        rows=dict(projected.rows),
    )


def _write_snapshot(
    session: Session,
    folder: Path,
    shop_id: int | None,
    as_of: date,
    files: dict[str, list[str]],
) -> None:
    """Compute the traits and figures of the session's purchases into ``folder``."""
    figures.prepare(session, as_of)
    _write_traits(session.connection, folder, shop_id)
    _write_categories(session, folder)
    _write_roll_ups(session, folder, as_of)
    content = {
        "files": files,
        **_totals(session.connection, folder),
        **figures.computed(session, as_of),
    }
    snapshots.write_summary(folder, content)


def _write_traits(connection: duckdb.DuckDBPyConnection, folder: Path, shop_id: int | None) -> None:
    where = ""
    if shop_id is not None:
        here = f"first_shop_id = {int(shop_id)}"
        where = f"WHERE {here} OR member_id IN (SELECT member_id FROM traits)"
    connection.execute(
        f"COPY ({plan.members_sql(where)} ORDER BY member_id)"
        f" TO {quoted(str(folder / snapshots.TRAITS_FILE))} ({_TRAITS_FILE})"
    )


def _write_categories(session: Session, folder: Path) -> None:
    """Write when each category of each buyer is due again."""
    found = session.rows(plan.categories_sql(session.dialect))
    session.connection.execute(
        f"COPY (SELECT * FROM ({found}) ORDER BY member_id)"
        f" TO {quoted(str(folder / snapshots.CATEGORIES_FILE))} ({_CATEGORIES_FILE})"
    )


def _write_roll_ups(session: Session, folder: Path, as_of: date) -> None:
    """Write what the figures of periods are read from; see ``insight.periods``."""
    from huitou.insight.expressions import roll_ups

    plan.close_books(session, as_of)
    dialect = session.dialect
    successions = str(folder / snapshots.SUCCESSIONS_FILE)
    _write_by_date(session, plan.purchases_sql(dialect, roll_ups.successions), successions)
    session.read("successions", successions)
    comebacks = str(folder / snapshots.COMEBACKS_FILE)
    _write_by_date(session, plan.comebacks_sql(dialect), comebacks)
    daily = str(folder / snapshots.DAILY_FILE)
    _write_by_date(session, plan.purchases_sql(dialect, roll_ups.daily), daily)


def _write_by_date(session: Session, sql: str, path: str) -> None:
    found = session.rows(sql)
    session.connection.execute(
        f"COPY (SELECT * FROM ({found}) ORDER BY biz_date) TO {quoted(path)} ({_BY_DATE_FILE})"
    )


def _totals(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, Any]:
    traits_path = quoted(str(folder / snapshots.TRAITS_FILE))
    daily_path = quoted(str(folder / snapshots.DAILY_FILE))
    members, buyers = connection.execute(
        f"SELECT count(*), count(frequency) FROM read_parquet({traits_path})"
    ).fetchall()[0]
    first, last, orders = connection.execute(
        f"SELECT min(biz_date)::VARCHAR, max(biz_date)::VARCHAR, coalesce(sum(orders), 0)::BIGINT "
        f"FROM read_parquet({daily_path})"
    ).fetchall()[0]
    return {
        "members": members,
        "buyers": buyers,
        "orders": orders,
        "first_day": first,
        "last_day": last,
    }


def stale_brands(now: datetime) -> list[int]:
    """Brands whose figures are of an earlier day than the brand's today at ``now``.

    Or of an earlier version's format. A brand that was never refreshed is left to its first import.
    """
    stale = []
    for brand in Brand.objects.all():
        current = snapshots.current(Scope(brand_id=brand.pk))
        if snapshots.is_outdated(brand.pk) or (
            current is not None and current.as_of < default_as_of(brand, now)
        ):
            stale.append(brand.pk)
    return stale


def refresh_as_job(brand_id: int, *, job_id: int | None) -> Refreshed:
    """Refresh with the job telling how far it is and how it ended; errors are raised again."""
    if job_id is None:
        return refresh(brand_id)
    jobs.start_job(job_id, total=_JOB_STEPS, now=timezone.now())
    try:
        done = refresh(brand_id, progress=lambda *step: _advance(job_id, *step))
    except Exception as error:
        jobs.fail_job(job_id, now=timezone.now(), message=f"{type(error).__name__}: {error}")
        raise
    jobs.advance_job(job_id, done=_JOB_STEPS)
    jobs.finish_job(job_id, now=timezone.now(), message=done.as_of.isoformat(), result_url="/")
    return done


def keep_as_job(brand_id: int, *, job_id: int) -> None:
    """Keep the life cycle over time of every scope in force, the brand's first.

    The job tells how far it is; errors are raised again.
    """
    shops = Shop.objects.filter(brand_id=brand_id).order_by("id").values_list("id", flat=True)
    scopes = [Scope(brand_id), *(Scope(brand_id, shop_id) for shop_id in shops)]
    jobs.start_job(job_id, total=len(scopes), now=timezone.now())
    try:
        # Again when a refresh has put newer snapshots in force meanwhile.
        while missing := [scope for scope in scopes if not migration.is_kept(scope)]:
            jobs.advance_job(job_id, done=len(scopes) - len(missing), step="months")
            migration.keep(missing[0])
    except Exception as error:
        jobs.fail_job(job_id, now=timezone.now(), message=f"{type(error).__name__}: {error}")
        raise
    jobs.advance_job(job_id, done=len(scopes))
    jobs.finish_job(job_id, now=timezone.now(), result_url="/lifecycle/")


def _advance(job_id: int, step: str, done: int, total: int | None) -> None:
    """Half of the bar is projection, table by table; the other half the snapshots."""
    share = min(1.0, divided(done, total or done) or 0.0)
    if step == _SNAPSHOTS:
        doing, place = "figuring", 0.5 + share / 2
    else:
        names = list(tables())
        doing, place = "projecting", (names.index(step) + share) / len(names) / 2
    jobs.advance_job(job_id, done=int(_JOB_STEPS * place), step=doing)
