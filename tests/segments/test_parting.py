"""Drill and matrix: every number is the one plain SQL and the previewed rule give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from huitou.brands.models import Brand
from huitou.kernel.errors import RefusedInputError
from huitou.segments import grounds
from huitou.segments.dimensions import SHOPS, USUAL, Cut, dimension, kinds
from huitou.segments.drilling import Path as DrillPath
from huitou.segments.drilling import PathStep, drill_down
from huitou.segments.matrices import matrix, merged
from huitou.segments.parting import Part
from huitou.segments.previews import preview
from huitou.segments.services import put_segment
from tests.console.sales import sell
from tests.insight.histories import NOW

pytestmark = pytest.mark.django_db(transaction=True)
RECENT = {"trait": "recency_days", "lte": 200}
OFTEN = {"trait": "frequency", "gte": 4}
IN_ZHEJIANG = {"trait": "province", "eq": "浙江省"}


@pytest.fixture
def sold(brand: Brand, home: Path) -> Brand:
    """A brand with two shops, sixty members of whom some never bought, and figures."""
    return sell(brand)


def _sql(brand: Brand, where: str) -> Part:
    """What members by hand-written SQL add up to."""
    with grounds.opened(brand) as ground:
        rows = ground.connection.execute(
            "SELECT count(*), coalesce(sum(monetary_minor), 0)::BIGINT,"
            f" coalesce(sum(frequency), 0)::BIGINT FROM people WHERE {where}"
        ).fetchall()
    return Part(*rows[0])


def _previewed(brand: Brand, rule: Any) -> tuple[int, int]:
    found = preview(brand, rule)
    return found.members, found.sales_minor


def test_both_branches_of_every_step_are_those_of_plain_sql(sold: Brand) -> None:
    # given
    path = DrillPath("", (PathStep(RECENT), PathStep(OFTEN, meets=False), PathStep(IN_ZHEJIANG)))

    # when
    found = drill_down(sold, path).drilled

    # then
    recent = "coalesce(recency_days <= 200, false)"
    often = "coalesce(frequency >= 4, false)"
    here = "coalesce(province = '浙江省', false)"
    assert found.everybody == found.start == _sql(sold, "true")
    assert [(b.met, b.rest) for b in found.branches] == [
        (_sql(sold, recent), _sql(sold, f"NOT {recent}")),
        (_sql(sold, f"{recent} AND {often}"), _sql(sold, f"{recent} AND NOT {often}")),
        (
            _sql(sold, f"{recent} AND NOT {often} AND {here}"),
            _sql(sold, f"{recent} AND NOT {often} AND NOT {here}"),
        ),
    ]
    assert found.present == found.branches[2].met
    assert found.present.members > 0


def test_the_rule_of_a_path_finds_whom_the_path_counts(sold: Brand) -> None:
    put_segment(brand=sold, slug="often", name="often", rule=OFTEN, now=NOW)
    path = DrillPath("often", (PathStep(RECENT, meets=False), PathStep(IN_ZHEJIANG)))

    found = drill_down(sold, path).drilled

    assert _previewed(sold, path.rule()) == (found.present.members, found.present.sales_minor)
    assert found.start == _sql(sold, "frequency >= 4")


def test_cuts_of_a_dimension_part_the_present_branch(sold: Brand) -> None:
    # when
    found = drill_down(sold, DrillPath("", (PathStep(RECENT),)), by=[*USUAL, SHOPS])

    # then
    assert [one.kind.name for one, _parts in found.next_cuts] == [*USUAL, SHOPS]
    for one, parts in found.next_cuts:
        assert sum(part.members for part in parts) == found.drilled.present.members, one.kind.name
        assert sum(part.sales_minor for part in parts) == found.drilled.present.sales_minor


def test_nobody_is_in_two_cuts_or_in_none(sold: Brand) -> None:
    # given every dimension there is
    snapshot = grounds.snapshot_of(sold.pk)
    everybody = _sql(sold, "true").members

    for name in kinds():
        cuts = dimension(sold, snapshot, name).cuts
        sizes = [preview(sold, cut.rule).members for cut in cuts]
        assert sum(sizes) == everybody, name
        assert preview(sold, {"any": [cut.rule for cut in cuts]}).members == everybody, name
        assert len({cut.key for cut in cuts}) == len(cuts), name


def test_a_condition_that_cannot_be_read_and_too_many_steps_are_refused(sold: Brand) -> None:
    with pytest.raises(RefusedInputError, match="no trait 'height'"):
        drill_down(sold, DrillPath("", (PathStep({"trait": "height", "gte": 2}),)))
    with pytest.raises(RefusedInputError, match="at most 20 steps"):
        drill_down(sold, DrillPath("", (PathStep(RECENT),) * 21))
    with pytest.raises(RefusedInputError, match="no segment 'gone'"):
        drill_down(sold, DrillPath("gone"))


def test_cells_are_those_of_plain_sql(sold: Brand) -> None:
    # when
    found = matrix(sold, "rfm_group", "province")

    # then
    for row, cells in zip(found.rows.cuts, found.cells, strict=True):
        group = f"rfm_group = '{row.value}'" if row.value else "rfm_group IS NULL"
        for column, part in zip(found.columns.cuts, cells, strict=True):
            place = f"province = '{column.value}'" if column.value else "province IS NULL"
            assert part == _sql(sold, f"{group} AND {place}")
    assert found.total == _sql(sold, "true")
    assert len(found.rows.cuts) > 3
    assert len(found.columns.cuts) == 4


def test_picked_cells_make_a_rule_of_as_many_members(sold: Brand) -> None:
    # given two whole rows, a whole column and a cell
    found = matrix(sold, "lifecycle_stage", "main_category")
    rows, columns = found.rows.cuts, found.columns.cuts
    picked = {(r.key, c.key) for r in rows[:2] for c in columns}
    picked |= {(r.key, columns[0].key) for r in rows} | {(rows[2].key, columns[1].key)}

    # when
    rule, part = found.rule_of(picked), found.part_of(picked)

    # then
    assert _previewed(sold, rule) == (part.members, part.sales_minor)
    assert rule["any"][0] == {
        "trait": "lifecycle_stage",
        "in": [rows[0].value, rows[1].value],
    }


def test_yes_and_no_are_picked_together(sold: Brand) -> None:
    # given whether they buy on promotion only: yes, no, not known
    found = matrix(sold, "promotion_only", "buyer_type")
    keys = [cut.key for cut in found.rows.cuts if cut.key != "unknown"]
    column = found.columns.cuts[0].key
    picked = {(key, column) for key in keys}

    # when
    rule, part = found.rule_of(picked), found.part_of(picked)

    # then
    assert keys
    assert _previewed(sold, rule) == (part.members, part.sales_minor)
    assert merged([Cut(k, {"trait": "promotion_only", "eq": is_so}, "value", k)
                   for k, is_so in (("yes", True), ("no", False))]) == {
        "any": [{"trait": "promotion_only", "eq": True}, {"trait": "promotion_only", "eq": False}]
    }  # fmt: skip


def test_whole_rows_and_everything_say_little(sold: Brand) -> None:
    put_segment(brand=sold, slug="often", name="often", rule=OFTEN, now=NOW)
    found = matrix(sold, "buyer_type", "frequency", base="often")
    everything = {(r.key, c.key) for r in found.rows.cuts for c in found.columns.cuts}

    assert found.total == _sql(sold, "frequency >= 4")
    assert found.rule_of(everything) == {"all": [{"segment": "often"}]}
    assert matrix(sold, "buyer_type", "frequency").rule_of({("new", "..2")}) == {
        "all": [{"trait": "buyer_type", "eq": "new"}, {"trait": "frequency", "lt": 2}]
    }


def test_shops_part_members_who_bought_in_several(sold: Brand) -> None:
    # when
    found = matrix(sold, SHOPS, "buyer_type")

    # then
    with grounds.opened(sold) as ground:
        rows = ground.connection.execute(
            "SELECT shops, count(*) FROM (SELECT p.member_id, count(DISTINCT o.shop_id) AS shops"
            " FROM people p LEFT JOIN purchases o ON o.member_id = p.member_id"
            " AND o.biz_date <= '2024-06-30' GROUP BY 1) GROUP BY 1"
        ).fetchall()
    by_shops = dict(rows)
    members = {cut.key: sum(p.members for p in cells)
               for cut, cells in zip(found.rows.cuts, found.cells, strict=True)}  # fmt: skip
    assert members["several"] == by_shops[2]
    assert members["unknown"] == by_shops[0]
    assert sum(members.values()) - members["several"] - members["unknown"] == by_shops[1]


def test_a_matrix_of_twice_the_same_or_no_cell_is_refused(sold: Brand) -> None:
    with pytest.raises(RefusedInputError, match="choose two"):
        matrix(sold, "rfm_group", "rfm_group")
    with pytest.raises(RefusedInputError, match="Pick at least one cell"):
        matrix(sold, "rfm_group", "province").rule_of({("privileged", "=Atlantis")})
