"""Suggestions are found in what accounts show, kept for review, and never asked twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from huitou.brands.models import Brand
from huitou.members import decisions, explanation
from huitou.members.models import Identity, Suggestion
from huitou.members.suggesting import suggest_members
from tests.members.test_identity import NOW
from tests.stories.test_one_member import bring_in


@pytest.fixture
def sampled(db: None, home: Path, samples: Path) -> Brand:
    """The samples of five platforms, as they are exported today."""
    return bring_in(
        [
            "taobao_ExportOrderList_2018.csv",
            "jd_orders.csv",
            "youzan_orders.csv",
            "youzan_customers.csv",
            "xiaohongshu_orders.xlsx",
        ],
        samples,
    )


def owners(brand: Brand) -> dict[int, str]:
    """The value that owns each account."""
    return {i.member_id: i.clear for i in Identity.objects.filter(brand=brand, owns=True)}


def test_the_people_of_the_samples_are_suggested_across_masks(sampled: Brand) -> None:
    # when
    looked = suggest_members(sampled.pk)

    # then: clear names with masked phones, one city
    owner = owners(sampled)
    pairs = {frozenset((owner[s.a_id], owner[s.b_id])) for s in Suggestion.objects.all()}
    assert frozenset({"知夏小站", "jd_zhixia_p"}) in pairs
    assert frozenset({"阿岚lan", "jd_9f3a0b"}) in pairs
    assert looked.open == len(pairs)
    assert "name_same" in explanation.open_suggestions(sampled.pk)[0].evidence


def test_answers_stay_and_looking_again_changes_nothing(sampled: Brand) -> None:
    # given
    suggest_members(sampled.pk)
    first, *others = explanation.open_suggestions(sampled.pk)
    decisions.answer_suggestion(
        brand_id=sampled.pk, suggestion_id=first.id, same=False, actor_id=None, now=NOW
    )

    # when
    suggest_members(sampled.pk)
    suggest_members(sampled.pk)

    # then
    again = explanation.open_suggestions(sampled.pk)
    assert [s.id for s in again] == [s.id for s in others]
    assert Suggestion.objects.get(pk=first.id).state == "apart"


def test_the_four_people_come_together_when_the_suggestions_are_followed(sampled: Brand) -> None:
    suggest_members(sampled.pk)
    for suggestion in explanation.open_suggestions(sampled.pk):
        decisions.answer_suggestion(
            brand_id=sampled.pk, suggestion_id=suggestion.id, same=True, actor_id=None, now=NOW
        )

    person = explanation.explain(
        sampled.pk, min(k for k, v in owners(sampled).items() if v == "知夏小站")
    )
    assert {a.value for a in person.accounts} >= {"知夏小站", "jd_zhixia_p"}


def test_a_brand_without_accounts_has_no_suggestions(brand: Brand) -> None:
    assert suggest_members(brand.pk).open == 0
