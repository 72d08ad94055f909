"""What a brand's rules are read by: the stamp is another as soon as a word or a rule may be."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from huitou.brands.models import Brand, Shop
from huitou.members.attributes import define_attribute, retire_attribute
from huitou.members.tags import create_tag, create_tag_group
from huitou.segments.models import Segment
from huitou.segments.services import archive_segment, put_segment
from huitou.segments.words import vocabulary_of, words_stamp
from tests.factories import make_brand, make_shop
from tests.insight.histories import NOW


def test_every_change_of_a_word_or_rule_makes_another_stamp(brand: Brand, db: None) -> None:
    # given
    shop = make_shop(brand, slug="tm")
    group = create_tag_group(brand_id=brand.pk, name="Habits")
    rule: dict[str, Any] = {"all": []}
    ids = {"brand_id": brand.pk, "code": "size"}
    changes: list[Callable[[], Any]] = [
        lambda: create_tag(brand_id=brand.pk, group_id=group, name="vip"),
        lambda: define_attribute(kind="integer", label_zh="尺码", label_en="Size", **ids),
        lambda: retire_attribute(now=NOW, **ids),
        lambda: retire_attribute(now=None, **ids),
        lambda: put_segment(brand=brand, slug="a", name="A", rule=rule, now=NOW),
        lambda: put_segment(brand=brand, slug="a", name="B", rule=rule, now=NOW),
        lambda: put_segment(brand=brand, slug="a", name="B", rule={"tag": "vip"}, now=NOW),
        lambda: put_segment(brand=brand, slug="b", name="B", rule=rule, now=NOW, tag="vip"),
        lambda: archive_segment(brand=brand, slug="a", now=NOW),
        lambda: Shop.objects.filter(pk=shop.pk).update(name="Other"),
        lambda: Shop.objects.filter(pk=shop.pk).delete(),
    ]
    stamps, words = [words_stamp(brand.pk)], [vocabulary_of(brand)]

    # when, all within one transaction
    for change in changes:
        change()
        stamps.append(words_stamp(brand.pk))
        words.append(vocabulary_of(brand))

    # then
    assert len(set(stamps)) == len(stamps)
    assert all(one != other for one, other in pairwise(words))
    assert words_stamp(brand.pk) == stamps[-1]
    # what another brand does is none of it
    make_shop(make_brand())
    assert words_stamp(brand.pk) == stamps[-1]
    assert Segment.objects.count() == 2
