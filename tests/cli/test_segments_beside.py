"""``huitou segment drill|matrix|overlap|compare`` say what the rooms compute."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from huitou.brands.models import Brand
from huitou.segments import refreshing
from huitou.segments.comparing import compare
from huitou.segments.drilling import Path as Way
from huitou.segments.drilling import PathStep, drill_down
from huitou.segments.matrices import matrix
from huitou.segments.overlaps import overlap
from huitou.segments.services import put_segment
from tests.cli.conftest import Run
from tests.console.sales import sell
from tests.insight.histories import NOW

pytestmark = pytest.mark.django_db(transaction=True)
RULES = {
    "recent": {"trait": "recency_days", "lt": 200},
    "zhejiang": {"trait": "province", "eq": "浙江省"},
}
SLUGS = list(RULES)


@pytest.fixture
def sold(brand: Brand, home: Path) -> Brand:
    """A brand with figures and two refreshed segments."""
    sell(brand)
    for slug, rule in RULES.items():
        put_segment(brand=brand, slug=slug, name=slug, rule=rule, now=NOW)
    refreshing.refresh(brand)
    return brand


def test_a_drill_tells_both_branches_and_the_rule(run: Run, sold: Brand) -> None:
    step = f"-{json.dumps(RULES['recent'])}"

    done = run("segment", "drill", "--brand", sold.slug, "--step", step, "--by", "buyer_type",
               "--segment", "zhejiang", "--json").json  # fmt: skip

    way = drill_down(sold, Way("zhejiang", (PathStep(RULES["recent"], meets=False),))).drilled
    assert done["start"]["members"] == way.start.members
    assert done["steps"][0]["met"]["members"] == way.branches[0].met.members
    assert done["present"]["sales_minor"] == way.branches[0].rest.sales_minor
    assert sum(c["members"] for c in done["cuts"]["buyer_type"].values()) == way.present.members
    assert done["rule"] == {"all": [{"segment": "zhejiang"}, {"not": RULES["recent"]}]}

    refused = run("segment", "drill", "--brand", sold.slug, "--step", "{", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (2, "STEP")


def test_a_matrix_tells_its_cells(run: Run, sold: Brand) -> None:
    done = run("segment", "matrix", "--brand", sold.slug, "--rows", "rfm_group",
               "--columns", "province", "--json").json  # fmt: skip

    found = matrix(sold, "rfm_group", "province")
    first = done["cells"][found.rows.cuts[0].key][found.columns.cuts[0].key]
    assert first["members"] == found.cells[0][0].members
    assert done["total"]["members"] == 60


def test_an_overlap_and_a_comparison_tell_everything(run: Run, sold: Brand) -> None:
    laid = run("segment", "overlap", "--brand", sold.slug, *SLUGS, "--json").json
    beside = run("segment", "compare", "--brand", sold.slug, *SLUGS, "--json").json

    found = overlap(sold, SLUGS)
    assert [one["members"] for one in laid["intersections"]] == [
        i.part.members for i in found.intersections
    ]
    assert laid["pairs"][0]["jaccard"] == found.pairs[0].jaccard
    compared = compare(sold, SLUGS)
    assert [k["members"] for k in beside["kpis"].values()] == [k.members for k in compared.kpis]
    assert next(iter(beside["traits"])) == max(compared.rows, key=lambda r: r.effect).trait.name


def test_a_rule_that_cannot_be_read_is_told_in_both_languages(
    run: Run, brand: Brand, tmp_path: Path
) -> None:
    # given
    rule = tmp_path / "rule.yaml"
    rule.write_text("all: [{tag: gone}]", "utf-8")

    # when
    done = run("segment", "put", "gone", "--brand", brand.slug, "--rule", rule, "--json")

    # then
    assert done.code == 2
    assert done.json["error"] == {
        "code": "GONE",
        "message": "rule→gone.all[0]: there is no tag 'gone'; was it deleted or renamed?",
    }
    assert "引用的内容已不存在。 rule→gone.all[0]: 没有标签 'gone'；是否已删除或改名？" in done.err
