"""``huitou segment put --tag``: members who stand get the tag, and lose it, at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from huitou.brands.models import Brand
from huitou.members.models import TagAssignment
from huitou.members.tags import create_tag, create_tag_group
from huitou.segments import refreshing
from tests.cli.conftest import Run
from tests.console.sales import sell

pytestmark = pytest.mark.django_db(transaction=True)
RULE = {"trait": "frequency", "gte": 1}


@pytest.fixture
def rule(brand: Brand, home: Path) -> Path:
    """A file with a rule; the brand has sold, and has a tag."""
    sell(brand)
    group = create_tag_group(brand_id=brand.pk, name="Habits")
    create_tag(brand_id=brand.pk, group_id=group, name="regular")
    path = home / "rule.json"
    path.write_text(json.dumps(RULE), "utf-8")
    return path


def test_a_tag_is_put_taken_off_and_ended_with_the_segment(
    run: Run, brand: Brand, rule: Path
) -> None:
    # given
    same = ("segment", "put", "buyers", "--brand", brand.slug, "--rule", rule)
    run(*same)
    (found,) = refreshing.refresh(brand)
    carrying = TagAssignment.objects.filter(removed=None)

    # when / then
    assert run(*same, "--tag", "Habits/regular").code == 0
    assert carrying.count() == found.members > 0
    assert run(*same).code == 0
    assert carrying.count() == found.members
    assert run("segment", "list", "--brand", brand.slug).out.rstrip().endswith("#Habits/regular")
    assert run(*same, "--tag", "").code == 0
    assert carrying.count() == 0
    run(*same, "--tag", "regular")
    assert run("segment", "archive", "buyers", "--brand", brand.slug).code == 0
    assert carrying.count() == 0


def test_a_tag_that_cannot_be_is_refused(run: Run, brand: Brand, rule: Path) -> None:
    # given
    rule.write_text(json.dumps({"tag": "regular"}), "utf-8")
    put = ("segment", "put", "buyers", "--brand", brand.slug, "--rule", rule)

    # when
    circle, unknown = run(*put, "--tag", "regular"), run(*put, "--tag", "nobody")

    # then
    assert circle.code == unknown.code != 0
    assert "depends on the tag its own segment puts: buyers → #regular → buyers" in circle.err
    assert "no such tag: 'nobody'" in unknown.err
