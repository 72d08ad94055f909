"""Figures of any date and the export of traits, straight over the lake."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from huitou.brands.models import Brand
from huitou.insight import live
from huitou.insight.types import RfmRule
from huitou.kernel.errors import RefusedInputError
from huitou.members.models import Member
from tests.factories import make_identity, make_shop
from tests.insight import plain
from tests.insight.histories import Bought, make_members, random_history, store

DAY = date(2023, 5, 1)


def test_the_export_has_every_member_with_traits_and_platform_ids(
    brand: Brand, home: Path, tmp_path: Path
) -> None:
    # given 30 members, of whom 20 may buy, and two identifiers of the first
    history = random_history(21, members=20, orders=150)
    members = make_members(brand, 30)
    store(brand, [make_shop(brand), make_shop(brand)], members, history)
    for kind in ("phone", "buyer_nick"):
        make_identity(brand=brand, member_id=members[0], platform="taobao", kind=kind, value="x;y")
    out = tmp_path / "traits.parquet"

    # when
    with live.opened(brand, as_of=DAY) as session:
        rows = live.write_traits(session, out)

    # then
    expected = plain.traits(history, DAY, support=30)
    names = {member.pk: str(member.public_id) for member in Member.objects.filter(brand=brand)}
    found = pq.read_table(out).to_pylist()
    assert rows == 30
    assert [row.pop("member_id") for row in found] == [names[pk] for pk in members]
    assert found[0].pop("platform_ids") == [
        {"platform": "taobao", "kind": "buyer_nick", "value": "x;y"},
        {"platform": "taobao", "kind": "phone", "value": "x;y"},
    ]
    assert [row.pop("platform_ids") for row in found[1:]] == [[]] * 29
    nothing = dict.fromkeys(found[0])
    assert found == [nothing | expected.get(place, {}) for place in range(30)]


def test_a_csv_export_has_platform_ids_as_text(brand: Brand, home: Path, tmp_path: Path) -> None:
    # given
    members = make_members(brand, 1)
    make_identity(brand=brand, member_id=members[0], platform="jd", kind="account", value="a")
    out = tmp_path / "traits.csv"

    # when
    with live.opened(brand, as_of=DAY) as session:
        live.write_traits(session, out)

    # then
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["platform_ids"] for row in rows] == ["jd:account:a"]
    assert rows[0]["frequency"] == ""


def test_another_kind_of_file_is_refused(brand: Brand, home: Path, tmp_path: Path) -> None:
    with (
        live.opened(brand, as_of=DAY) as session,
        pytest.raises(RefusedInputError, match=r"must end in \.csv or \.parquet"),
    ):
        live.write_traits(session, tmp_path / "traits.xlsx")


def test_the_as_of_date_is_included_and_the_day_after_is_not(brand: Brand, home: Path) -> None:
    # given purchases on the day and on the next
    members = make_members(brand, 2)
    history = [
        Bought(number=1, shop=0, member=0, day=DAY),
        Bought(number=2, shop=0, member=1, day=date(2023, 5, 2)),
        Bought(number=3, shop=0, member=0, day=date(2023, 4, 30), paid_minor=0),
        Bought(number=4, shop=0, member=0, day=DAY, paid_minor=500, refunded_minor=500),
        Bought(number=5, shop=0, member=0, day=DAY, status="closed_refunded"),
    ]
    store(brand, [make_shop(brand)], members, history)

    # when
    with live.opened(brand, as_of=DAY) as session:
        whole = live.rfm(session, RfmRule())
        one_day = live.rfm(session, RfmRule(window_days=1))
        grouped = live.rfm_members(session).to_pylist()

    # then the paid order of 0.00 counts, the wholly refunded ones do not
    assert sum(group.members for group in whole.groups) == 1
    assert (whole.thresholds.recency_days, whole.thresholds.frequency) == (0.0, 2.0)
    assert one_day.thresholds.frequency == 1.0
    assert [(row["frequency"], row["monetary_minor"], row["rfm_group"]) for row in grouped] == [
        (1, 1000, "privileged")
    ]


def test_a_lifecycle_of_one_shop(brand: Brand, home: Path) -> None:
    # given a cycle of 10 days in the first shop
    shops = [make_shop(brand), make_shop(brand)]
    days = [date(2023, 3, 2), date(2023, 3, 12), date(2023, 3, 22)]
    history = [Bought(number=n, shop=0, member=0, day=day) for n, day in enumerate(days)]
    history.append(Bought(number=9, shop=1, member=0, day=DAY))
    store(brand, shops, make_members(brand, 1), history)

    # when 40 days have passed there
    with live.opened(brand, as_of=DAY, shop_id=shops[0].pk) as session:
        found = live.lifecycle(session)

    # then
    assert [stage.members for stage in found.stages] == [0, 0, 0, 1, 0]
    assert [(link.source, link.target) for link in found.flow.links] == [("active", "near_loss")]
    assert found.churn_rate == 0.0
    assert [kind.members for kind in found.buyer_types] == [0, 0, 1]
