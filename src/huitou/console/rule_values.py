"""Comparisons of a rule as fields of a form, and back.

A form is a flat mapping of names to texts. The fields of a list of comparisons share a prefix: a
token per comparison in ``<prefix>.t``, in order, and under ``<prefix>.<token>`` its operator
(``.o``) and value. What cannot be read goes into the rule as it was typed, and the reader of rules
says what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from huitou.kernel.errors import RefusedInputError
from huitou.kernel.money import from_minor, to_minor
from huitou.segments.moments import parse_length
from huitou.segments.reading import operators_of
from huitou.segments.vocabulary import TIME_KINDS

Fields = dict[str, list[str]]

# Listed values are told apart by any of these.
_SEPARATORS = re.compile(r"[,，、;；\n]+")
# ``known`` is asked as two operators: whether there is a value, and whether there is none.
_KNOWN = {"known": True, "unknown": False}
# Units of a length, as rules write them, finest last.
UNITS = ("d", "w", "mo", "y", "h", "min", "s")


def one(fields: Mapping[str, Sequence[str]], name: str, default: str = "") -> str:
    """The first value of a field."""
    return (fields.get(name) or [default])[0]


def operators_shown(kind: str) -> tuple[str, ...]:
    """The operators a form offers for a kind of value."""
    return tuple(name for name in operators_of(kind) if name != "known") + tuple(_KNOWN)


def tests_data(
    fields: Mapping[str, Sequence[str]], prefix: str, kind: str, currency: str
) -> dict[str, Any]:
    """The comparisons under ``prefix`` as rules have them."""
    found: dict[str, Any] = {}
    for token in fields.get(f"{prefix}.t", ()):
        at = f"{prefix}.{token}"
        operator = one(fields, f"{at}.o")
        if operator in _KNOWN:
            found["known"] = _KNOWN[operator]
        elif one(fields, f"{at}.m") == "trait":
            found[operator] = _other_trait(fields, at)
        elif operator == "in":
            found["in"] = [value_data(text, kind, currency) for text in listed(fields, at)]
        elif kind in TIME_KINDS:
            found[operator] = point_data(fields, at)
        elif operator:
            found[operator] = value_data(one(fields, f"{at}.v"), kind, currency)
    return found


def listed(fields: Mapping[str, Sequence[str]], at: str) -> list[str]:
    """Ticked values and those typed beside them, each once."""
    typed = _SEPARATORS.split(one(fields, f"{at}.more"))
    every = [*fields.get(f"{at}.v", ()), *typed]
    return list(dict.fromkeys(text.strip() for text in every if text.strip()))


def _other_trait(fields: Mapping[str, Sequence[str]], at: str) -> dict[str, Any]:
    data: dict[str, Any] = {"trait": one(fields, f"{at}.of")}
    times = one(fields, f"{at}.x", "1").strip() or "1"
    if times != "1":
        data["times"] = _number(times)
    return data


def value_data(text: str, kind: str, currency: str) -> Any:
    """One value as rules have it; what it cannot be stays text."""
    text = text.strip()
    if kind == "money":
        try:
            return to_minor(Decimal(text.replace(",", "")), currency)
        except (InvalidOperation, ValueError, OverflowError):
            return text
    if kind == "ratio":
        return _fraction(text)
    if is_number(kind):
        return _number(text)
    if kind == "boolean":
        return {"yes": True, "no": False}.get(text, text)
    return text


def is_number(kind: str) -> bool:
    """Whether values of the kind are numbers."""
    return kind not in TIME_KINDS and "gt" in operators_of(kind)


def _number(text: str) -> Any:
    """A number as JSON has it: whole where it is whole."""
    try:
        number = Decimal(text.replace(",", ""))
        return int(number) if number == number.to_integral_value() else float(number)
    except (InvalidOperation, ValueError, OverflowError):
        return text


def _fraction(text: str) -> Any:
    """A share of one, typed in percent."""
    try:
        return float(Decimal(text.replace(",", "").removesuffix("%")) / 100)
    except (InvalidOperation, ValueError, OverflowError):
        return text


def point_data(fields: Mapping[str, Sequence[str]], at: str) -> Any:
    """A point in time: a day, so long ago or ahead, or an instant with its offset."""
    kind = one(fields, f"{at}.pk", "ago")
    if kind in ("ago", "ahead"):
        return {kind: length_data(fields, at)}
    return one(fields, f"{at}.pt" if kind == "instant" else f"{at}.pd").strip()


def length_data(fields: Mapping[str, Sequence[str]], at: str) -> str:
    """A length such as 90d."""
    return f"{one(fields, f'{at}.n').strip()}{one(fields, f'{at}.u', 'd')}"


def tests_fields(data: Mapping[str, Any], prefix: str, kind: str, currency: str) -> Fields:
    """The fields of the comparisons among the keys of ``data``."""
    fields: Fields = {f"{prefix}.t": []}
    for operator in operators_of(kind):
        if operator not in data:
            continue
        token = str(len(fields[f"{prefix}.t"]))
        at = f"{prefix}.{token}"
        fields[f"{prefix}.t"].append(token)
        given = data[operator]
        if operator == "known":
            fields[f"{at}.o"] = ["known" if given is True else "unknown"]
            continue
        fields[f"{at}.o"] = [operator]
        fields |= _value_fields(given, at, operator, kind, currency)
    return fields


def _value_fields(given: Any, at: str, operator: str, kind: str, currency: str) -> Fields:
    if isinstance(given, Mapping) and "trait" in given:
        times = given.get("times", 1)
        return {f"{at}.m": ["trait"], f"{at}.of": [str(given["trait"])], f"{at}.x": [str(times)]}
    if operator == "in":
        values = given if isinstance(given, list) else [given]
        return {f"{at}.v": [value_text(value, kind, currency) for value in values]}
    if kind in TIME_KINDS:
        return point_fields(given, at)
    return {f"{at}.v": [value_text(given, kind, currency)]}


def value_text(value: Any, kind: str, currency: str) -> str:
    """One value as a field shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if kind == "money" and isinstance(value, int):
        return f"{from_minor(value, currency):f}".removesuffix(".00")
    if kind == "ratio" and isinstance(value, int | float):
        return f"{(Decimal(repr(value)) * 100).normalize():f}"
    return str(value)


def point_fields(given: Any, at: str) -> Fields:
    """The fields of a point in time."""
    if isinstance(given, Mapping) and len(given) == 1 and next(iter(given)) in ("ago", "ahead"):
        ((kind, length),) = given.items()
        return {f"{at}.pk": [kind], **length_fields(length, at)}
    text = str(given)
    try:
        date.fromisoformat(text)
    except ValueError:
        return {f"{at}.pk": ["instant"], f"{at}.pt": [text]}
    return {f"{at}.pk": ["day"], f"{at}.pd": [text]}


def length_fields(given: Any, at: str) -> Fields:
    """The fields of a length."""
    try:
        length = parse_length(str(given))
    except RefusedInputError:
        return {f"{at}.n": [str(given)], f"{at}.u": [""]}
    return {f"{at}.n": [str(length.count)], f"{at}.u": [length.unit]}
