"""Churn over time and moves between stages, against a plain computation at every month end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from huitou.brands.models import Brand
from huitou.insight import definitions, live, migration, plan, services, snapshots, tasks
from huitou.insight.migration import Computed
from huitou.insight.types import Flow, LifecycleMonths, Scope
from huitou.jobs.queries import unfinished_jobs
from huitou.jobs.services import create_job
from huitou.kernel.errors import RefusedInputError
from huitou.kernel.months import month_number
from tests.factories import make_shop
from tests.insight import plain
from tests.insight.histories import NOW, Bought, make_members, of_shop, random_history, store
from tests.queue import queued

AS_OF = date(2024, 6, 30)


@pytest.fixture(autouse=True)
def _little_support(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let small histories have category cycles."""
    caches = (plan.compiled_traits, plan.stage_steps, plan.stage_history_steps)
    for cached in caches:
        cached.cache_clear()
    monkeypatch.setattr(definitions, "CATEGORY_SUPPORT_MIN", 5)
    yield
    for cached in caches:
        cached.cache_clear()


def stages(history: list[Bought], day: date) -> dict[int, str]:
    """The stage of every buyer as of a day."""
    found = plain.traits(history, day, support=5)
    return {member: traits["lifecycle_stage"] for member, traits in found.items()}


def months(history: list[Bought], ends: tuple[date, ...]) -> list[dict[str, object]]:
    """What ``migration.months_of`` gives, from the stages at each end."""
    rows = []
    for before, day in pairwise(ends):
        old, new = stages(history, before), stages(history, day)
        counts = Counter(new.values())
        lost = {member for member, stage in old.items() if stage == "lost"}
        bought = {
            member
            for member, orders in plain.bought_until(history, day).items()
            if month_number(max(order.day for order in orders)) == month_number(day)
        }
        rows.append(
            {
                "day": day,
                "stages": {label.code: counts[label.code] for label in definitions.STAGES},
                "churn_rate": counts["lost"] / len(new) if new else None,
                "newly_lost": sum(new[m] == "lost" and m not in lost for m in new),
                "won_back": len(lost & bought),
            }
        )
    return [row for row in rows if row["churn_rate"] is not None]


def as_rows(found: LifecycleMonths | None) -> list[dict[str, object]]:
    assert found is not None
    return [
        {
            "day": row.day,
            "stages": {stage.code: stage.members for stage in row.stages},
            "churn_rate": row.churn_rate,
            "newly_lost": row.newly_lost,
            "won_back": row.won_back,
        }
        for row in found.months
    ]


def links(flow: Flow | None) -> dict[tuple[str, str], int]:
    assert flow is not None
    return {(link.source, link.target): link.members for link in flow.links}


@pytest.mark.parametrize(("seed", "count"), [(1, 12), (2, 12), (3, 17)], ids=["1", "2", "longer"])
def test_every_month_equals_the_plain_computation(
    brand: Brand, home: Path, seed: int, count: int
) -> None:
    # given: of 17 months, the packed histories take two numbers
    shops = [make_shop(brand), make_shop(brand)]
    members = make_members(brand, 40)
    history = random_history(seed)
    store(brand, shops, members, history)
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)

    # when
    migration.keep(Scope(brand.pk))
    found = migration.lifecycle_months(Scope(brand.pk), count)

    # then
    ends = migration.month_ends(AS_OF, count)
    assert ends[-1] == AS_OF
    assert len(ends) == count + 1
    assert as_rows(found) == months(history, ends)


def test_a_month_that_is_not_over_is_not_told_and_a_shop_knows_its_own(
    brand: Brand, home: Path
) -> None:
    # given
    shops = [make_shop(brand), make_shop(brand)]
    members = make_members(brand, 40)
    history = random_history(7)
    store(brand, shops, members, history)
    services.refresh(brand.pk, as_of=date(2024, 6, 29), now=NOW, rebuild=True)

    # when
    migration.keep(Scope(brand.pk, shops[1].pk))
    found = migration.lifecycle_months(Scope(brand.pk, shops[1].pk), 3)

    # then
    ends = (date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30), date(2024, 5, 31))
    assert as_rows(found) == months(of_shop(history, 1), ends)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (date(2023, 6, 30), date(2024, 6, 30)),
        (date(2023, 12, 31), date(2024, 1, 31)),
    ],
    ids=["first-to-last", "neighbours"],
)
def test_a_migration_equals_the_plain_computation_and_the_other_steps(
    brand: Brand, home: Path, before: date, after: date
) -> None:
    # given
    members = make_members(brand, 40)
    history = random_history(5)
    store(brand, [make_shop(brand), make_shop(brand)], members, history)
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)

    # when
    migration.keep(Scope(brand.pk))
    found = migration.migration(Scope(brand.pk), before, after)

    # then
    old, new = stages(history, before), stages(history, after)
    expected = Counter((old.get(member, "not_yet"), stage) for member, stage in new.items())
    assert links(found) == expected
    assert links(found) == _by_stage_steps(brand, before, after)


def _by_stage_steps(brand: Brand, before: date, after: date) -> dict[tuple[str, str], int]:
    """The same from the stages of each date by itself, as the flow of a refresh has them."""
    with live.opened(brand, as_of=after) as session:
        for name, day in (("old", before), ("new", after)):
            plan.run_steps(session.session, plan.stage_steps(session.session.dialect), day)
            session.connection.execute(f"CREATE TEMP TABLE {name} AS FROM stages")
        rows = session.connection.execute(
            "SELECT coalesce(o.lifecycle_stage, 'not_yet'), n.lifecycle_stage, count(*)"
            " FROM new n LEFT JOIN old o USING (member_id) GROUP BY ALL"
        ).fetchall()
    return {(source, target): members for source, target, members in rows}


def test_a_handful_of_members_by_hand(brand: Brand, home: Path) -> None:
    # given: every cycle is 10 days, so lost is who stays away for more than 50
    bought = [
        *((0, date(2024, 1, day)) for day in (1, 11, 21)),  # lost from 12 March on
        *((1, date(2024, 1, day)) for day in (2, 12, 22)),  # as long, and back in April
        (1, date(2024, 4, 30)),
        *((2, date(2024, 3, day)) for day in (1, 11, 21)),  # not yet, active, sleeping at 40 days
    ]
    members = make_members(brand, 3)
    history = [Bought(n, 0, member, day) for n, (member, day) in enumerate(bought)]
    store(brand, [make_shop(brand)], members, history)
    services.refresh(brand.pk, as_of=date(2024, 4, 30), now=NOW, rebuild=True)

    # when
    migration.keep(Scope(brand.pk))
    found = migration.lifecycle_months(Scope(brand.pk), 12)
    moved = migration.migration(Scope(brand.pk), date(2024, 2, 29), date(2024, 4, 30))

    # then: member 1 now buys every (22 January to 30 April) 40 days
    assert found is not None
    assert [(row.day.month, row.buyers, row.churn_rate) for row in found.months] == [
        (1, 2, 0.0),
        (2, 2, 0.0),
        (3, 3, 2 / 3),
        (4, 3, 1 / 3),
    ]
    assert [(row.newly_lost, row.won_back) for row in found.months] == [
        (0, 0),
        (0, 0),
        (2, 0),
        (0, 1),
    ]
    assert links(moved) == {
        ("near_loss", "lost"): 1,
        ("near_loss", "active"): 1,
        ("not_yet", "near_loss"): 1,
    }


def test_nothing_is_told_before_the_first_refresh(brand: Brand, home: Path) -> None:
    assert migration.lifecycle_months(Scope(brand.pk)) is None
    assert migration.migration(Scope(brand.pk), date(2024, 1, 31), date(2024, 2, 29)) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (date(2024, 5, 31), date(2024, 5, 31)),
        (date(2024, 5, 31), date(2024, 4, 30)),
        (date(2024, 5, 30), date(2024, 6, 30)),
        (date(2021, 5, 31), date(2024, 6, 30)),
    ],
    ids=["same", "reversed", "no-end", "too-early"],
)
def test_what_are_not_two_month_ends_in_order_is_refused(
    brand: Brand, home: Path, before: date, after: date
) -> None:
    # given
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)
    migration.keep(Scope(brand.pk))

    # when / then
    with pytest.raises(RefusedInputError) as refused:
        migration.migration(Scope(brand.pk), before, after)
    assert refused.value.code == "MONTH_ENDS"


def test_a_refresh_computes_none_of_it_and_shows_what_was_kept_before(
    brand: Brand, home: Path
) -> None:
    # given
    scope, members = Scope(brand.pk), make_members(brand, 40)
    store(brand, [make_shop(brand), make_shop(brand)], members, random_history(1))
    services.refresh(brand.pk, as_of=date(2024, 5, 31), now=NOW, rebuild=True)
    assert migration.lifecycle_months(scope) is None
    assert migration.freshness(scope) is None
    migration.keep(scope)
    old = migration.lifecycle_months(scope)
    assert old is not None

    # when
    services.refresh(brand.pk, as_of=AS_OF, now=NOW + timedelta(hours=1))

    # then
    assert not migration.is_kept(scope)
    assert migration.lifecycle_months(scope) == old
    assert migration.freshness(scope) == Computed(date(2024, 5, 31), NOW)

    # when
    migration.keep(scope)

    # then
    found = migration.lifecycle_months(scope)
    assert found is not None
    assert migration.is_kept(scope)
    assert (old.months[-1].day, found.months[-1].day) == (date(2024, 5, 31), AS_OF)
    assert migration.freshness(scope) == Computed(AS_OF, NOW + timedelta(hours=1))

    # when the one before is gone, as after an erasure
    snapshots.forget_previous(brand.pk)
    assert snapshots.before(scope) is None


def test_the_job_keeps_every_scope_and_says_so(brand: Brand, home: Path) -> None:
    # given: a shop that was made after the refresh has no figures
    shops = [make_shop(brand), make_shop(brand)]
    store(brand, shops, make_members(brand, 40), random_history(2))
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)
    make_shop(brand)
    job = create_job(brand_id=brand.pk, kind=tasks.KEEP_JOB, subject=brand.name)

    # when
    tasks.keep_months(brand.pk, job.pk)

    # then
    scopes = [Scope(brand.pk), *(Scope(brand.pk, shop.pk) for shop in shops)]
    assert all(migration.lifecycle_months(scope) is not None for scope in scopes)
    job.refresh_from_db()
    assert (job.state, job.done, job.total) == ("done", 4, 4)


def test_a_job_that_fails_says_why(
    brand: Brand, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)
    job = create_job(brand_id=brand.pk, kind=tasks.KEEP_JOB, subject=brand.name)

    def broken(scope: Scope) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(migration, "keep", broken)

    # when
    with pytest.raises(OSError, match="no space left"):
        tasks.keep_months(brand.pk, job.pk)

    # then
    job.refresh_from_db()
    assert (job.state, job.message) == ("failed", "OSError: no space left")


def test_it_is_queued_once_after_a_refresh(brand: Brand, home: Path) -> None:
    # when
    tasks.refresh_brand(brand.pk)
    tasks.refresh_brand(brand.pk)

    # then
    (job,) = unfinished_jobs(brand.pk, tasks.KEEP_JOB)
    assert (job.state, job.subject) == ("queued", brand.name)
    assert len(queued("insight.keep_months", brand)) == 1


@pytest.mark.parametrize("count", [0, migration.MONTHS_MAX + 1])
def test_too_few_or_too_many_months_are_refused(count: int) -> None:
    with pytest.raises(RefusedInputError) as refused:
        migration.month_ends(AS_OF, count)
    assert refused.value.code == "MONTHS"
