"""The life cycle over time: every number on the page, counted again."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client

from huitou.brands.models import Brand, Staff
from huitou.insight import kept, migration, plan, services, snapshots
from huitou.insight.tasks import KEEP_JOB, keep_months
from huitou.insight.types import Scope
from huitou.jobs.queries import unfinished_jobs
from huitou.jobs.services import fail_job
from tests.console.sales import AS_OF, sell_to_regulars
from tests.factories import make_shop
from tests.insight.histories import NOW, Bought, make_members, store

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def signed_in(client: Client, staff: Staff) -> Client:
    """An operator reading English."""
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def sold(home: Path, brand: Brand) -> Brand:
    """A brand with figures, and its life cycle over time kept."""
    sell_to_regulars(brand)
    migration.keep(Scope(brand.pk))
    return brand


def stages(brand: Brand, *days: date) -> list[dict[int, str]]:
    """The stage of every buyer at each day, by the steps of that day alone."""
    snapshot = snapshots.current(Scope(brand.pk, None))
    assert snapshot is not None
    found = []
    with kept.session_of(snapshot) as session:
        for day in days:
            plan.run_steps(session, plan.stage_steps(session.dialect), day)
            sql = "SELECT member_id, lifecycle_stage FROM stages"
            found.append(dict(session.connection.execute(sql).fetchall()))
    return found


def rows_of(page: str, heading: str) -> list[list[str]]:
    """The cells of the table's rows, without markup."""
    (table,) = re.findall(rf"<caption[^>]*>{heading}</caption>(.*?)</table>", page, re.DOTALL)
    rows = re.findall(r"<tr>(<th scope=\"row\".*?)</tr>", table, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[re.sub(r"<[^>]+>", " ", cell).strip() for cell in row] for row in cells]


def test_every_month_is_counted_as_of_its_end(signed_in: Client, sold: Brand) -> None:
    # given
    before, day = migration.month_ends(AS_OF, 12)[-2:]
    old, new = stages(sold, before, day)
    lost = sum(stage == "lost" for stage in new.values())

    # when
    page = signed_in.get("/lifecycle/months/", {"months": "12"}).content.decode()

    # then
    newest = rows_of(page, "Month by month")[0]
    assert newest[:2] == [day.strftime("%Y-%m"), f"{len(new):,}"]
    assert newest[2:7] == [
        f"{sum(stage == code for stage in new.values()):,}"
        for code in ("active", "silent", "sleeping", "near_loss", "lost")
    ]
    assert newest[7] == f"{lost / len(new):.1%}"
    assert newest[8] == f"{sum(new[m] == 'lost' != old.get(m) for m in new):,}"


def test_moves_between_two_month_ends(signed_in: Client, sold: Brand) -> None:
    # given
    before, after = (migration.month_ends(AS_OF, 12)[place] for place in (-4, -1))
    old, new = stages(sold, before, after)
    active = [new[member] for member, stage in old.items() if stage == "active"]
    kept_active = active.count("active")

    # when: they may be asked for in either order
    page = signed_in.get("/lifecycle/months/", {"before": after, "after": before}).content.decode()

    # then
    assert f"from {before} to {after}" in page
    rows = {row[0]: row[1:] for row in rows_of(page, "Moves between stages")}
    assert rows["Active"][0] == f"{len(active):,}"
    assert rows["Active"][1].split() == [f"{kept_active:,}", f"{kept_active / len(active):.1%}"]
    assert sum(int(row[0].replace(",", "")) for row in rows.values()) == len(new)


@pytest.mark.parametrize(
    "asked",
    [{"before": "nonsense", "after": "2001-01-31"}, {"months": "7"}, {"before": "2001-01-31"}],
    ids=["no-dates", "no-choice", "not-an-end"],
)
def test_what_cannot_be_asked_gives_the_first_and_the_last_end(
    signed_in: Client, sold: Brand, asked: dict[str, str]
) -> None:
    ends = migration.month_ends(AS_OF, 12)
    page = signed_in.get("/lifecycle/months/", asked).content.decode()
    assert re.search(rf"from \d{{4}}-\d\d-\d\d to {ends[-1]}", page)


def test_the_charts_say_what_the_table_says(signed_in: Client, sold: Brand) -> None:
    # given
    found = migration.lifecycle_months(Scope(sold.pk))
    assert found is not None

    # when
    churn = signed_in.get("/charts/churn/").json()
    stacked = signed_in.get("/charts/stages/").json()

    # then
    assert churn["unit"] == "ratio"
    assert churn["series"][0]["values"] == [row.churn_rate for row in found.months]
    assert stacked["stacked"] is True
    by_month = zip(*(one["values"] for one in stacked["series"]), strict=True)
    assert [sum(stages) for stages in by_month] == [row.buyers for row in found.months]


def test_the_page_says_how_fresh_it_is_and_what_it_looks_back_on(
    signed_in: Client, sold: Brand
) -> None:
    page = signed_in.get("/lifecycle/", {"months": "24"}).content.decode()
    assert f"Data as of {AS_OF}" in page
    assert 'hx-get="/lifecycle/months/?months=24"' in page


def test_a_page_computes_nothing_and_says_how_far_the_worker_is(
    signed_in: Client, home: Path, brand: Brand
) -> None:
    # given: a refresh has published, and the worker has not got to it yet
    sell_to_regulars(brand)

    # when
    page = signed_in.get("/lifecycle/").content.decode()

    # then: asked for once, however often anybody looks
    assert "Not computed yet" in page
    assert "is being computed" in page
    assert 'hx-get="/lifecycle/progress/"' in page
    assert "/lifecycle/months/" not in page
    assert "is being computed" in signed_in.get("/lifecycle/progress/").content.decode()
    assert signed_in.get("/lifecycle/months/").status_code == 204
    assert signed_in.get("/charts/churn/").json() == {"empty": "Being computed."}
    signed_in.get("/lifecycle/")
    (job,) = unfinished_jobs(brand.pk, KEEP_JOB)
    assert not migration.is_kept(Scope(brand.pk))

    # when
    keep_months(brand.pk, job.id)

    # then
    assert signed_in.get("/lifecycle/progress/").headers["HX-Refresh"] == "true"
    page = signed_in.get("/lifecycle/").content.decode()
    assert f"Data as of {AS_OF}" in page
    assert "is being computed" not in page
    assert unfinished_jobs(brand.pk, KEEP_JOB) == []


def test_what_was_kept_before_shows_while_newer_is_computed(signed_in: Client, sold: Brand) -> None:
    # given
    services.refresh(sold.pk, as_of=AS_OF + timedelta(days=1))

    # when
    page = signed_in.get("/lifecycle/").content.decode()

    # then
    assert f"Data as of {AS_OF}" in page
    assert "is being computed" in page
    assert "Month by month" in signed_in.get("/lifecycle/months/").content.decode()


def test_what_could_not_be_computed_is_tried_again_on_request_only(
    signed_in: Client, home: Path, brand: Brand
) -> None:
    # given
    sell_to_regulars(brand)
    signed_in.get("/lifecycle/")
    (job,) = unfinished_jobs(brand.pk, KEEP_JOB)
    fail_job(job.id, now=datetime(2024, 7, 1, tzinfo=UTC), message="no space left")

    # when
    told = signed_in.get("/lifecycle/progress/").content.decode()

    # then
    assert "could not be computed" in told
    assert 'href="/lifecycle/"' in told
    assert "hx-get" not in told
    assert unfinished_jobs(brand.pk, KEEP_JOB) == []


def test_a_brand_without_figures_says_how_to_get_them(signed_in: Client, brand: Brand) -> None:
    assert "Import" in signed_in.get("/lifecycle/").content.decode()
    assert signed_in.get("/lifecycle/months/").status_code == 204


def test_moves_begin_where_somebody_had_bought(signed_in: Client, home: Path, brand: Brand) -> None:
    # given a brand whose first sale is of this year
    shop, members = make_shop(brand), make_members(brand, 2)
    bought = [Bought(1, 0, 0, date(2024, 2, 10)), Bought(2, 0, 1, date(2024, 5, 10))]
    store(brand, [shop], members, bought)
    services.refresh(brand.pk, as_of=date(2024, 6, 30), now=NOW)
    migration.keep(Scope(brand.pk))

    # when
    page = signed_in.get("/lifecycle/months/", {"months": "36"}).content.decode()

    # then
    assert "from 2024-02-29 to 2024-06-30" in page


def test_figures_of_an_earlier_version_are_said_to_be_computed_anew(
    signed_in: Client, sold: Brand
) -> None:
    # given
    pointer = snapshots.snapshots_root(sold.pk) / snapshots.POINTER
    pointer.write_text(pointer.read_text().replace(snapshots.format_now(), "1-before"))

    # when
    page = signed_in.get("/lifecycle/").content.decode()

    # then
    assert "The figures are computed anew" in page
    assert "Import orders" not in page
