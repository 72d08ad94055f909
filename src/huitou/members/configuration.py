"""Attributes and groups of tags as documents of configuration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from huitou.brands.configuration import Document, Kind, read_fields, register_kind
from huitou.brands.models import Brand
from huitou.kernel.errors import RefusedInputError
from huitou.members.attributes import (
    Attribute,
    Choice,
    attributes,
    change_attribute,
    define_attribute,
    retire_attribute,
)
from huitou.members.tags import change_tag_group, create_tag, create_tag_group, tag_groups


def register_kinds() -> None:
    """Declare both."""
    register_kind(
        Kind("attributes", 10, _attributes, _read_attribute, _put_attribute, _retire_attribute)
    )
    # Tags stand on members and in histories: none is ever taken away.
    register_kind(Kind("tags", 10, _tag_groups, _read_group, _put_group, becomes=_with_tags))


def _attributes(brand: Brand) -> Mapping[str, Document]:
    return {one.code: _attribute(one) for one in attributes(brand.pk)}


def _attribute(one: Attribute) -> Document:
    return {
        "kind": one.kind,
        "label_zh": one.label_zh,
        "label_en": one.label_en,
        "unit": one.unit,
        "choices": [{"code": c.code, "zh": c.zh, "en": c.en} for c in one.choices],
        "retired": one.is_retired,
    }


def _read_attribute(_code: str, given: Any) -> Document:
    required = {"kind": str, "label_zh": str, "label_en": str}
    nothing: list[Any] = []
    document = read_fields(given, required, {"unit": "", "choices": nothing, "retired": False})
    words = dict.fromkeys(("code", "zh", "en"), str)
    document["choices"] = [read_fields(choice, words, {}) for choice in document["choices"]]
    return document


def _put_attribute(
    brand: Brand, code: str, document: Document, before: Document | None, now: datetime
) -> None:
    said = {
        "label_zh": document["label_zh"],
        "label_en": document["label_en"],
        "unit": document["unit"],
        "choices": [Choice(**choice) for choice in document["choices"]],
    }
    if before is None:
        define_attribute(brand_id=brand.pk, code=code, kind=document["kind"], **said)
    elif before["kind"] != document["kind"]:
        raise RefusedInputError(
            "KIND", f"is of the kind {before['kind']} and has values: define another attribute"
        )
    else:
        change_attribute(brand_id=brand.pk, code=code, **said)
    if document["retired"] != (before is not None and before["retired"]):
        retire_attribute(brand_id=brand.pk, code=code, now=now if document["retired"] else None)


def _retire_attribute(brand: Brand, code: str, now: datetime) -> None:
    retire_attribute(brand_id=brand.pk, code=code, now=now)


def _tag_groups(brand: Brand) -> Mapping[str, Document]:
    return {
        group.name: {"exclusive": group.is_exclusive, "tags": sorted(t.name for t in group.tags)}
        for group in tag_groups(brand.pk)
    }


def _read_group(_name: str, given: Any) -> Document:
    nothing: list[Any] = []
    document = read_fields(given, {}, {"exclusive": False, "tags": nothing})
    odd = next((tag for tag in document["tags"] if not isinstance(tag, str)), None)
    if odd is not None:
        raise RefusedInputError("DOCUMENT", f"tags: {odd!r} is no text")
    return {**document, "tags": sorted(set(document["tags"]))}


def _with_tags(standing: Document, wanted: Document) -> Document:
    """The group with the wanted tags beside those it has."""
    return {**wanted, "tags": sorted({*standing["tags"], *wanted["tags"]})}


def _put_group(
    brand: Brand, name: str, document: Document, before: Document | None, _now: datetime
) -> None:
    if before is None:
        group_id = create_tag_group(
            brand_id=brand.pk, name=name, is_exclusive=document["exclusive"]
        )
    else:
        group_id = next(group.id for group in tag_groups(brand.pk) if group.name == name)
        if before["exclusive"] != document["exclusive"]:
            change_tag_group(
                brand_id=brand.pk, group_id=group_id, is_exclusive=document["exclusive"]
            )
    for tag in document["tags"]:
        if before is None or tag not in before["tags"]:
            create_tag(brand_id=brand.pk, group_id=group_id, name=tag)
