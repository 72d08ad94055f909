"""A brand's vocabulary, read once per request, and the names its sentences need."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Model

from huitou.brands.models import Brand, Platform, Shop
from huitou.members import tags
from huitou.members.attributes import attributes
from huitou.members.models import (
    IDENTITY_KINDS,
    AttributeDefinition,
    Channel,
    Purpose,
    Tag,
    TagGroup,
)
from huitou.segments.errors import RuleError
from huitou.segments.models import Keeping, Segment, SegmentVersion
from huitou.segments.queries import latest_versions
from huitou.segments.reading import read_rule
from huitou.segments.rules import Rule
from huitou.segments.sentences import Names
from huitou.segments.vocabulary import SegmentWord, Vocabulary, Word


def vocabulary_of(brand: Brand) -> Vocabulary:
    """The words the brand's rules may use now."""
    return Vocabulary(
        shops={shop.slug: Word(str(shop.pk), shop.name) for shop in _shops(brand)},
        tags=_tags(brand.pk),
        attributes={
            a.code: Word(a.code, a.label_zh, a.kind, tuple(c.code for c in a.choices))
            for a in attributes(brand.pk)
            if not a.is_retired
        },
        segments=_segments(brand.pk),
        platforms=tuple(Platform.values),
        identity_kinds=IDENTITY_KINDS,
        channels=tuple(Channel.values),
        purposes=tuple(Purpose.values),
    )


# Where the words lie, and what leads to their brand. A row that is changed is another version of it
# at another place, so the sum tells any change, one of this transaction too.
_WORDS_LIE: tuple[tuple[type[Model], str], ...] = (
    (Shop, "where r.brand_id = %(brand)s"),
    (TagGroup, "where r.brand_id = %(brand)s"),
    (Tag, "join members_taggroup o on o.id = r.group_id where o.brand_id = %(brand)s"),
    (AttributeDefinition, "where r.brand_id = %(brand)s"),
    (Segment, "where r.brand_id = %(brand)s"),
    (
        SegmentVersion,
        "join segments_segment o on o.id = r.segment_id where o.brand_id = %(brand)s",
    ),
)
_STAMP = " union all ".join(
    f"select {number}, sum(hashtextextended(r.ctid::text || ' ' || r.xmin::text || ' ' || r.id, 0))"
    f" from {model._meta.db_table} r {of_brand}"
    for number, (model, of_brand) in enumerate(_WORDS_LIE)
)


def words_stamp(brand_id: int) -> str:
    """What is another as soon as a word of the brand's rules, or a rule, may be: one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_STAMP, {"brand": brand_id})
        return repr(sorted(cursor.fetchall()))


def read_segments(words: Vocabulary) -> tuple[dict[str, Rule], dict[str, str]]:
    """The rules of the segments by slug, and what is wrong with those that cannot be read."""
    rules: dict[str, Rule] = {}
    problems: dict[str, str] = {}
    for slug in sorted(words.segments):
        try:
            rules[slug] = read_rule({"segment": slug}, words)
        except RuleError as error:
            problems[slug] = str(error)
    return rules, problems


def names_of(brand: Brand) -> Names:
    """What the brand's sentences need beside the tree."""
    shops = {shop.pk: shop.name for shop in _shops(brand)}
    return Names(brand.currency, ZoneInfo(brand.time_zone), shops)


def _shops(brand: Brand) -> list[Shop]:
    return list(Shop.objects.filter(brand=brand))


def _tags(brand_id: int) -> dict[str, Word | None]:
    """Tags as ``group/name``, and by name alone where only one group has it (else None)."""
    groups = tags.tag_groups(brand_id)
    alone = Counter(tag.name for group in groups for tag in group.tags)
    found: dict[str, Word | None] = {}
    for group in groups:
        for tag in group.tags:
            word = Word(str(tag.id), tag.name)
            found[f"{group.name}/{tag.name}"] = word
            found[tag.name] = word if alone[tag.name] == 1 else None
    return found


def _segments(brand_id: int) -> dict[str, SegmentWord]:
    standing = list(Segment.objects.filter(brand_id=brand_id, archived_at=None))
    versions = latest_versions(segment.pk for segment in standing)
    return {
        segment.slug: SegmentWord(
            str(segment.pk),
            segment.name,
            None if segment.keeping == Keeping.FROZEN else versions[segment.pk].rule,
            str(segment.tag_id or ""),
        )
        for segment in standing
    }
