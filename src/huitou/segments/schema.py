"""The JSON Schema of rules, made from the declared traits and happenings.

It is published as ``docs/segment-rule.schema.json``, for editors and for whoever writes rules by
program. What it cannot say, such as which tags a brand has, the reader checks.
"""

from __future__ import annotations

from typing import Any

from huitou.insight.traits import TRAITS
from huitou.lake.happenings import SUMMED_KINDS, Happening, happenings
from huitou.segments.reading import (
    CYCLES_MAX,
    LIST_MAX,
    MEASURES,
    NUMBER_MAX,
    TEXT_CHARS_MAX,
    operators_of,
)
from huitou.segments.vocabulary import DECIMAL_KINDS, NUMBER_KINDS, TIME_KINDS

_TEXT = {"$ref": "#/$defs/text"}
_WHOLE = {"$ref": "#/$defs/whole"}
_FRACTION = {"$ref": "#/$defs/fraction"}
_OTHER_TRAIT = {"$ref": "#/$defs/otherTrait"}
_DEFS: dict[str, Any] = {
    "text": {"type": "string", "minLength": 1, "maxLength": TEXT_CHARS_MAX},
    "whole": {"type": "integer", "minimum": -NUMBER_MAX, "maximum": NUMBER_MAX},
    "fraction": {"type": "number", "exclusiveMinimum": -NUMBER_MAX, "maximum": NUMBER_MAX},
    "length": {"type": "string", "pattern": r"^\d{1,9}(s|min|h|d|w|mo|y)$"},
    "point": {
        "oneOf": [
            {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d(T.+)?$"},
            *(
                {
                    "type": "object",
                    "properties": {way: {"$ref": "#/$defs/length"}},
                    "required": [way],
                    "additionalProperties": False,
                }
                for way in ("ago", "ahead")
            ),
        ]
    },
}


def rule_schema() -> dict[str, Any]:
    """The schema (JSON Schema 2020-12) of a rule."""
    rule = {"$ref": "#/$defs/rule"}
    conditions = [
        _object({"all": {"type": "array", "items": rule}}, ["all"]),
        _object({"any": {"type": "array", "items": rule, "minItems": 1}}, ["any"]),
        _object({"not": rule}, ["not"]),
        *(
            _object(
                {"trait": {"const": t.name}, **_tests(t.kind, t.choices, traits=True)},
                ["trait"],
                least=2,
            )
            for t in TRAITS
        ),
        *(_did(happening) for _, happening in sorted(happenings().items())),
        _object({"tag": _TEXT}, ["tag"]),
        _object({"segment": _TEXT}, ["segment"]),
        _object({"identity": _TEXT, "platform": _TEXT}, ["identity"]),
        _object({"consent": _TEXT, "purpose": _TEXT}, ["consent"]),
        {
            "type": "object",
            "properties": {"attribute": _TEXT},
            "required": ["attribute"],
            "minProperties": 2,
        },
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Huitou segment rule",
        "$ref": "#/$defs/rule",
        "$defs": {
            **_DEFS,
            "otherTrait": _object(
                {"trait": {"enum": [t.name for t in TRAITS]}, "times": {"type": "number"}},
                ["trait"],
            ),
            "rule": {"oneOf": conditions},
        },
    }


def _did(happening: Happening) -> dict[str, Any]:
    parts = happening.detail.fields if happening.detail else ()
    fields = {f.name: f for f in (*happening.fields, *parts)}
    summed = sorted(f.name for f in fields.values() if f.kind in SUMMED_KINDS)
    measures: dict[str, Any] = {
        "count": _object(_tests("count")),
        "first": _object(_tests("time")),
        "last": _object(_tests("time")),
    }
    if summed:
        adding = _object({"of": {"enum": summed}, **_tests("money")})
        measures |= {"sum": adding, "average": adding}
    point = {"$ref": "#/$defs/point"}
    windows = {
        "within": {"oneOf": [{"$ref": "#/$defs/length"}, _object({"cycles": _CYCLES}, ["cycles"])]},
        "between": {"type": "array", "prefixItems": [point, point], "minItems": 2, "maxItems": 2},
        "after": point,
        "before": point,
    }
    where = _object({name: _object(_tests(f.kind)) for name, f in sorted(fields.items())}, least=0)
    one = {"did": {"const": happening.name}, "where": where, **measures, **windows}
    return {**_object(one, ["did"]), "allOf": [_at_most_one(MEASURES), _at_most_one(windows)]}


_CYCLES = {"type": "number", "exclusiveMinimum": 0, "maximum": CYCLES_MAX}


def _tests(kind: str, choices: tuple[str, ...] = (), *, traits: bool = False) -> dict[str, Any]:
    """The comparisons a kind of value takes."""
    value = _value(kind, choices)
    found: dict[str, Any] = {}
    for operator in operators_of(kind):
        if operator == "known":
            found[operator] = {"type": "boolean"}
        elif operator == "in":
            found[operator] = {
                "type": "array", "items": value, "minItems": 1, "maxItems": LIST_MAX
            }  # fmt: skip
        else:
            found[operator] = {"oneOf": [value, _OTHER_TRAIT]} if traits else value
    return found


def _value(kind: str, choices: tuple[str, ...]) -> dict[str, Any]:
    if kind in TIME_KINDS:
        return {"$ref": "#/$defs/point"}
    if kind in NUMBER_KINDS:
        return _WHOLE
    if kind in DECIMAL_KINDS:
        return _FRACTION
    if kind == "boolean":
        return {"type": "boolean"}
    return {"enum": list(choices)} if choices else _TEXT


def _object(
    properties: dict[str, Any], required: list[str] | None = None, *, least: int = 1
) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required or [],
        "minProperties": least,
        "additionalProperties": False,
    }


def _at_most_one(keys: Any) -> dict[str, Any]:
    names = list(keys)
    pairs = [[a, b] for n, a in enumerate(names) for b in names[n + 1 :]]
    return {"not": {"anyOf": [{"required": pair} for pair in pairs]}}
