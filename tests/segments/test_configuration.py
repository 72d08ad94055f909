"""Configuration as text: round trips, differences, all or nothing, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from huitou.brands.configuration_files import (
    ConfigurationError,
    apply,
    changes,
    export,
    file_of,
    read_folder,
)
from huitou.brands.models import Brand
from huitou.eventlog.models import AuditEntry
from huitou.kernel.errors import RefusedInputError
from huitou.members.attributes import Choice, attributes, define_attribute, retire_attribute
from huitou.members.models import Member
from huitou.members.tags import Act, create_tag, create_tag_group, put_tag, tag_groups
from huitou.segments.models import Segment, SegmentVersion
from huitou.segments.queries import segments_in_use
from huitou.segments.services import put_segment
from tests.factories import make_brand

NOW = datetime(2026, 7, 1, 2, tzinfo=UTC)
SHOWN = """\
name: '老客: 高价值'
description: |-
  为“双十一”
  准备
keeping: dynamic
tag: ''
rule:
  all:
  - segment: z-base
  - attribute: skin
    eq: dry
  - did: order.paid
    where:
      category:
        in:
        - 是
        - 'no'
        - 1e3
    count:
      gte: 2
    between:
    - '2024-01-01'
    - '2024-02-29'
"""


def _set_up(brand: Brand) -> None:
    """Attributes, tags, and segments that name tags, attributes and each other."""
    define_attribute(brand_id=brand.pk, code="skin", kind="choice", label_zh="肤质",
                     label_en="Skin", choices=[Choice("dry", "干", "Dry")])  # fmt: skip
    define_attribute(brand_id=brand.pk, code="old", kind="text", label_zh="旧", label_en="Old")
    retire_attribute(brand_id=brand.pk, code="old", now=NOW)
    habits = create_tag_group(brand_id=brand.pk, name="习惯/Habits", is_exclusive=True)
    for name in ("晚间", "早晨", "no"):
        create_tag(brand_id=brand.pk, group_id=habits, name=name)
    create_tag_group(brand_id=brand.pk, name="empty")
    # The alphabet would apply the first before the second, which it names.
    _put(
        brand,
        "z-base",
        {"all": [{"trait": "recency_days", "lte": 30}, {"tag": "早晨"}]},
        tag="晚间",
    )
    _put(brand, "a-top", {"all": [{"segment": "z-base"}, {"attribute": "skin", "eq": "dry"}, {
        "did": "order.paid", "between": ["2024-01-01", "2024-02-29"], "count": {"gte": 2},
        "where": {"category": {"in": ["是", "no", "1e3"]}}}]})  # fmt: skip


def _put(brand: Brand, slug: str, rule: dict[str, Any], **fields: Any) -> None:
    values = {"name": "老客: 高价值", "description": "为“双十一”\n准备", **fields}
    put_segment(brand=brand, slug=slug, rule=rule, now=NOW, **values)


def _texts(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _write(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def test_what_is_exported_makes_an_empty_brand_export_the_same(
    brand: Brand, tmp_path: Path
) -> None:
    # given
    _set_up(brand)
    written, others = export(brand, tmp_path / "first")
    empty = make_brand()

    # when
    done = apply(empty, read_folder(tmp_path / "first"), now=NOW)
    export(empty, tmp_path / "second")

    # then
    assert _texts(tmp_path / "first") == _texts(tmp_path / "second")
    assert sorted(_texts(tmp_path / "first")) == sorted(written)
    assert (len(written), others) == (6, [])
    assert [change.act for change in done] == ["add"] * 6
    # and once more does nothing
    tag = Segment.objects.get(brand=empty, slug="z-base").tag
    assert tag is not None
    assert (tag.group.brand, tag.name) == (empty, "晚间")
    versions = SegmentVersion.objects.count()
    assert apply(empty, read_folder(tmp_path / "first"), now=NOW) == []
    assert SegmentVersion.objects.count() == versions


def test_a_file_reads_as_a_person_would_write_it(brand: Brand, tmp_path: Path) -> None:
    _set_up(brand)
    export(brand, tmp_path)

    assert (tmp_path / "tags/习惯%2FHabits.yaml").read_text("utf-8") == (
        "exclusive: true\ntags:\n- 'no'\n- 早晨\n- 晚间\n"
    )
    assert (tmp_path / "segments/a-top.yaml").read_text("utf-8") == SHOWN


def test_differences_are_told_as_text(brand: Brand, tmp_path: Path) -> None:
    # given a folder with one segment more, one changed, and one less
    _set_up(brand)
    export(brand, tmp_path)
    base = tmp_path / "segments/z-base.yaml"
    base.write_text(base.read_text("utf-8").replace("lte: 30", "lte: 60"), "utf-8")
    (tmp_path / "segments/a-top.yaml").unlink()
    _write(tmp_path, segments__new="name: New\nrule: {trait: frequency, gte: 2}\n")

    # when
    told = [change.told() for change in changes(brand, read_folder(tmp_path), prune=False)]

    # then
    assert told == [
        ["# segments/new.yaml: added", "@@ -0,0 +1,7 @@", "+name: New", "+description: ''",
         "+keeping: dynamic", "+tag: ''", "+rule:", "+  trait: frequency", "+  gte: 2"],
        ["# segments/z-base.yaml: changed", "@@ -8,4 +8,4 @@", "   all:",
         "   - trait: recency_days", "-    lte: 30", "+    lte: 60", "   - tag: 早晨"],
        ["# segments/a-top.yaml: only in the brand, stays"],
    ]  # fmt: skip
    pruned = changes(brand, read_folder(tmp_path), prune=True)
    assert [(c.act, c.name) for c in pruned][-1] == ("archive", "a-top")


def test_nothing_goes_without_being_asked(brand: Brand, tmp_path: Path) -> None:
    # given a folder with the tags and the base alone
    _set_up(brand)
    export(brand, tmp_path)
    (tmp_path / "segments/a-top.yaml").unlink()
    (tmp_path / "attributes/skin.yaml").unlink()
    _write(tmp_path, **{"tags__习惯%2FHabits": "exclusive: true\ntags: [新]\n"})

    # when
    apply(brand, read_folder(tmp_path), now=NOW)

    # then
    assert [one.slug for one in segments_in_use(brand)] == ["a-top", "z-base"]
    habits = next(group for group in tag_groups(brand.pk) if group.name == "习惯/Habits")
    assert {tag.name for tag in habits.tags} == {"no", "早晨", "晚间", "新"}

    # and asked for, it is archived; tags stay, for they stand on members
    apply(brand, read_folder(tmp_path), now=NOW, prune=True)
    assert [one.slug for one in segments_in_use(brand)] == ["z-base"]
    assert [a.code for a in attributes(brand.pk) if a.is_retired] == ["skin", "old"]
    assert len(tag_groups(brand.pk)) == 2


def test_what_others_name_is_not_archived(brand: Brand, tmp_path: Path) -> None:
    _set_up(brand)
    export(brand, tmp_path)
    (tmp_path / "attributes/skin.yaml").unlink()

    with pytest.raises(ConfigurationError, match=r"segments/a-top\.yaml: .*no attribute 'skin'"):
        apply(brand, read_folder(tmp_path), now=NOW, prune=True)

    assert not next(a for a in attributes(brand.pk) if a.code == "skin").is_retired


def test_all_or_nothing_with_every_error_told(brand: Brand, tmp_path: Path) -> None:
    # given a good file among two that rest on what is not there
    _write(
        tmp_path,
        segments__good="name: Good\nrule: {trait: frequency, gte: 2}\n",
        segments__bad="name: Bad\nrule: {all: [{trait: frequency, gte: 2}, {tag: gone}]}\n",
        segments__odd="name: Odd\nrule: {trait: height, gte: 2}\n",
        tags__Habits="tags: [tea]\n",
    )
    wanted = read_folder(tmp_path)

    # when
    with pytest.raises(ConfigurationError) as refused:
        apply(brand, wanted, now=NOW)

    # then
    assert refused.value.problems == (
        "segments/bad.yaml: rule→bad.all[1]: there is no tag 'gone'; was it deleted or renamed?",
        "segments/odd.yaml: rule→odd: there is no trait 'height'",
    )
    assert not Segment.objects.filter(brand=brand).exists()
    assert tag_groups(brand.pk) == []


def test_a_dry_run_tells_the_same_and_changes_nothing(brand: Brand, tmp_path: Path) -> None:
    _write(tmp_path, segments__good="name: Good\nrule: {trait: frequency, gte: 2}\n")

    told = apply(brand, read_folder(tmp_path), now=NOW, dry_run=True)

    assert [(change.act, change.file) for change in told] == [("add", "segments/good.yaml")]
    assert not Segment.objects.filter(brand=brand).exists()
    assert apply(brand, read_folder(tmp_path), now=NOW) == told


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("segments__x", "name: X\nrule: {}\ncolour: red\n", "unknown field 'colour'"),
        ("segments__x", "name: X\n", "lacks the field 'rule'"),
        ("segments__x", "name: 5\nrule: {}\n", "name: 5 is no text"),
        ("segments__x", "name: X\nkeeping: ice\nrule: {}\n", "keeping: is one of dynamic, frozen"),
        ("segments__x", "name: X\ntag: vip\nrule: {}\n", "tag: 'vip': write group/name"),
        ("segments__x", "name: X\nname: Y\nrule: {}\n", "'name' is said twice"),
        ("segments__x", "name: [\n", "is no YAML"),
        ("segments__x", "!!python/object:os.system {}\n", "is no YAML"),
        ("segments__x", "- a\n", "is no mapping"),
        ("tags__x", "tags: [5]\n", "5 is no text"),
        ("attributes__x", "kind: text\nlabel_zh: 甲\nlabel_en: A\nchoices: [{code: a}]\n",
         "lacks the field 'zh'"),
        ("traits__x", "name: X\n", "belongs nowhere"),
        ("x", "name: X\n", "belongs nowhere"),
        ("segments__deep__x", "name: X\n", "belongs nowhere"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read_are_named(
    tmp_path: Path, file: str, text: str, problem: str
) -> None:
    _write(tmp_path, **{file: text})

    with pytest.raises(ConfigurationError) as refused:
        read_folder(tmp_path)

    (told,) = refused.value.problems
    assert told.startswith(f"{file.replace('__', '/')}.yaml: ")
    assert problem in told


def test_files_of_version_control_are_passed_over(brand: Brand, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/HEAD").write_text("x")
    assert changes(brand, read_folder(tmp_path), prune=False) == []
    with pytest.raises(ConfigurationError, match="is no folder"):
        read_folder(tmp_path / "missing")


def test_a_frozen_segment_is_not_made_from_text(brand: Brand, tmp_path: Path) -> None:
    text = "name: X\nkeeping: frozen\nrule: {trait: frequency, gte: 2}\n"
    _write(tmp_path, segments__x=text)

    with pytest.raises(ConfigurationError, match=r"segments/x\.yaml: keeping: the members of a"):
        apply(brand, read_folder(tmp_path), now=NOW)


def test_a_frozen_segment_changes_its_name_by_text_and_stays_frozen(
    brand: Brand, tmp_path: Path
) -> None:
    # given
    rule = "rule: {trait: frequency, gte: 2}\n"
    _write(tmp_path, segments__x=f"name: X\n{rule}")
    apply(brand, read_folder(tmp_path), now=NOW)
    Segment.objects.update(keeping="frozen")

    # when
    _write(tmp_path, segments__x=f"name: Y\nkeeping: frozen\n{rule}")
    apply(brand, read_folder(tmp_path), now=NOW)

    # then
    assert Segment.objects.values_list("name", "keeping").get() == ("Y", "frozen")
    _write(tmp_path, segments__x=f"name: Y\n{rule}")
    with pytest.raises(ConfigurationError, match="keeps its members for good"):
        apply(brand, read_folder(tmp_path), now=NOW)


def test_an_attribute_keeps_its_kind_and_choices(brand: Brand, tmp_path: Path) -> None:
    _set_up(brand)
    text = "kind: choice\nlabel_zh: 肤质\nlabel_en: Skin type\nchoices:\n"
    more = "- {code: dry, zh: 干性, en: Dry}\n- {code: oily, zh: 油性, en: Oily}\n"

    _write(tmp_path, attributes__skin=text + more)
    apply(brand, read_folder(tmp_path), now=NOW)
    skin = next(a for a in attributes(brand.pk) if a.code == "skin")
    assert (skin.label_en, [c.zh for c in skin.choices]) == ("Skin type", ["干性", "油性"])

    _write(tmp_path, attributes__skin=text + "- {code: oily, zh: 油性, en: Oily}\n")
    with pytest.raises(ConfigurationError, match="Keep the choice 'dry'"):
        apply(brand, read_folder(tmp_path), now=NOW)
    _write(tmp_path, attributes__skin="kind: text\nlabel_zh: 肤质\nlabel_en: Skin\n")
    with pytest.raises(ConfigurationError, match="is of the kind choice"):
        apply(brand, read_folder(tmp_path), now=NOW)


def test_a_group_becomes_exclusive_only_when_nobody_carries_two(
    brand: Brand, tmp_path: Path
) -> None:
    # given somebody with two tags of a group
    member = Member.objects.create(brand=brand)
    group = create_tag_group(brand_id=brand.pk, name="Habits")
    for name in ("tea", "coffee"):
        tag = create_tag(brand_id=brand.pk, group_id=group, name=name)
        act = Act(source="staff", now=NOW)
        put_tag(brand_id=brand.pk, tag_id=tag, member_ids=[member.pk], act=act)
    create_tag_group(brand_id=brand.pk, name="Free")
    _write(tmp_path, tags__Free="exclusive: true\n")

    # then one without can
    apply(brand, read_folder(tmp_path), now=NOW)
    assert [g.is_exclusive for g in tag_groups(brand.pk)] == [True, False]

    # and the other not
    _write(tmp_path, tags__Habits="exclusive: true\n")
    with pytest.raises(ConfigurationError, match="carry several tags of Habits"):
        apply(brand, read_folder(tmp_path), now=NOW)


@pytest.mark.parametrize("name", ["a/b", "..", ".git", "50%", "冷 暖", "a:b?*", "CON\u2028"])
def test_every_name_has_a_file_of_its_own(name: str, tmp_path: Path, brand: Brand) -> None:
    file = file_of("tags", name)
    assert (tmp_path / file).resolve().parent == (tmp_path / "tags").resolve()
    _write(tmp_path, **{file.removesuffix(".yaml").replace("/", "__"): "tags: []\n"})
    assert list(read_folder(tmp_path)["tags"]) == [name]


def test_too_large_a_file_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, tags__x="#" * 300_000)
    with pytest.raises(RefusedInputError, match="larger than 256 KiB"):
        read_folder(tmp_path)


def test_changes_are_in_the_audit_log(brand: Brand, tmp_path: Path) -> None:
    before = AuditEntry.objects.count()
    _write(tmp_path, tags__Habits="tags: [tea]\n")
    apply(brand, read_folder(tmp_path), now=NOW)
    assert AuditEntry.objects.count() > before
