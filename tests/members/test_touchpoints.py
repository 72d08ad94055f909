"""Where a brand met its members."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from huitou.brands.models import Brand
from huitou.kernel.errors import RefusedInputError
from huitou.members.models import Touch
from huitou.members.queries import accounts_of
from huitou.members.touchpoints import (
    Met,
    add_touchpoint,
    record_touches,
    retire_touchpoint,
    touches,
    touchpoints,
)
from tests.factories import make_brand
from tests.members.people import NOW, member


@pytest.fixture(autouse=True)
def _places(brand: Brand) -> None:
    add_touchpoint(brand_id=brand.pk, code="counter", name="Counter", kind="store")
    add_touchpoint(brand_id=brand.pk, code="spring-qr", name="Spring QR code", kind="code")


def test_the_earliest_touch_over_all_accounts_is_the_first_source(brand: Brand) -> None:
    # given
    one = member(brand)
    two = member(brand, one)
    met = [
        Met(one.pk, "counter", NOW - timedelta(days=days), summary=f"visit {days}")
        for days in (1, 2, 3)
    ]
    scanned = Met(two.pk, "spring-qr", NOW - timedelta(days=9))

    # when
    record_touches(brand_id=brand.pk, met=[*met, scanned], now=NOW)

    # then
    found = touches(brand.pk, accounts_of(brand.pk, [one.pk]), limit=3)[one.pk]
    assert [(t.touchpoint, t.summary, t.is_first) for t in found] == [
        ("Counter", "visit 1", False),
        ("Counter", "visit 2", False),
        ("Spring QR code", "", True),
    ]


def test_a_touch_told_twice_is_recorded_once(brand: Brand) -> None:
    scan = Met(member(brand).pk, "spring-qr", NOW, source_id="scan-1")

    counts = [record_touches(brand_id=brand.pk, met=[scan], now=NOW) for _ in range(2)]

    assert counts == [1, 0]
    assert [t.touches for t in touchpoints(brand.pk, counted=True)] == [0, 1]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"touchpoint": "moon"}, "TOUCHPOINT"),
        ({"at": NOW + timedelta(seconds=1)}, "FUTURE"),
        ({"direction": "up"}, "DIRECTION"),
        ({"summary": "x" * 501}, "SUMMARY"),
        ({"source_id": "x" * 81}, "SOURCE_ID"),
    ],
)
def test_touches_that_make_no_sense_are_refused_together(
    brand: Brand, changed: dict[str, object], code: str
) -> None:
    good = Met(member(brand).pk, "counter", NOW)

    with pytest.raises(RefusedInputError) as refused:
        record_touches(brand_id=brand.pk, met=[good, replace(good, **changed)], now=NOW)

    assert refused.value.code == code
    assert not Touch.objects.exists()


def test_a_retired_touchpoint_takes_no_more_touches(brand: Brand) -> None:
    retire_touchpoint(brand_id=brand.pk, code="counter", now=NOW)

    with pytest.raises(RefusedInputError) as refused:
        record_touches(brand_id=brand.pk, met=[Met(member(brand).pk, "counter", NOW)], now=NOW)
    assert refused.value.code == "TOUCHPOINT"


def test_another_brands_member_is_refused(brand: Brand) -> None:
    stranger = member(make_brand())

    with pytest.raises(RefusedInputError) as refused:
        record_touches(brand_id=brand.pk, met=[Met(stranger.pk, "counter", NOW)], now=NOW)
    assert refused.value.code == "MEMBER"
