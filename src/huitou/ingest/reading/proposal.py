"""A first guess at a mapping, from the words of the header and a few rows under it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from huitou.ingest.reading import times
from huitou.ingest.reading.formats import STATUSES, header_key, known_formats

_WORDS: dict[str, list[str]] = yaml.safe_load(
    resources.files(__package__).joinpath("column_words.yaml").read_text("utf-8")
)
# The same word on a file of lines.
_OF_LINES = {name: f"line_{name}" for name in ("paid", "list", "discount", "refunded")}


@dataclass(frozen=True)
class Guess:
    """What a column probably holds: a field, or None; ``sure`` when its name says so exactly."""

    column: str
    field: str | None
    sure: bool


@dataclass(frozen=True)
class Proposal:
    """A mapping to confirm, the guess for each column, and what a person must still say."""

    mapping: dict[str, Any]
    guesses: list[Guess]
    missing: list[str]


def propose_mapping(header: Sequence[str], sample_rows: Sequence[Sequence[str]]) -> Proposal:
    """A mapping for a file of orders that no known format fits.

    ``missing`` names what could not be told: a field, ``dates`` when the order of day and month is
    open, or ``status: WORD`` for a state whose meaning is not known.
    """
    chosen = _chosen_columns(header)
    values = {field: _values(header, sample_rows, column) for field, (column, _) in chosen.items()}
    is_lines = bool(chosen.keys() & {"product_code", "product_title"}) and bool(
        chosen.keys() & {"line_quantity", "unit_price"}
    )
    columns: dict[str, Any] = {}
    for field, (column, _) in chosen.items():
        name = _field_in_grain(field, is_lines)
        if name:
            columns[name] = column
    missing = [] if "order_no" in columns else ["order_no"]
    day = columns.get("ordered_at")
    used = {column for column, _ in chosen.values()}
    hour = _time_of_day(header, sample_rows, used) if _are_days(values.get("ordered_at")) else None
    if hour:
        columns["ordered_at"] = {"joined": [day, hour]}
    _add_payment(columns, is_lines, missing)
    mapping: dict[str, Any] = {"kind": "orders", "grain": "line" if is_lines else "order"}
    if is_lines:
        mapping["totals"] = "sum"
    mapping["columns"] = columns
    mapping |= _habits(values, missing)
    taken = {column: (field, sure) for field, (column, sure) in chosen.items()}
    if hour:
        taken[hour] = ("ordered_at", True)
    guesses = []
    for column in header:
        guessed, sure = taken.get(column, (None, False))
        place = _field_in_grain(guessed, is_lines) if guessed else None
        guesses.append(Guess(column, place if place in columns else None, sure))
    return Proposal(mapping, guesses, missing)


def _words_of(name: str) -> str:
    """A column name as separate lower-case words."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\-./]+", " ", name)
    return re.sub(r"\s*[(（].*?[)）]\s*$", "", header_key(parted))


def _chosen_columns(header: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """Field → column and whether its name is exact; each column serves one field."""
    ranked = []
    for at, column in enumerate(header):
        words = _words_of(column)
        for field, names in _WORDS.items():
            for rank, name in enumerate(names):
                if words == name:
                    ranked.append((0, rank, at, field, column))
                elif len(name) > 2 and re.search(rf"(?<![a-z]){re.escape(name)}(?![a-z])", words):
                    ranked.append((1, rank, at, field, column))
    chosen: dict[str, tuple[str, bool]] = {}
    used: set[str] = set()
    for loose, _, _, field, column in sorted(ranked):
        if field not in chosen and column not in used:
            chosen[field] = (column, not loose)
            used.add(column)
    return chosen


def _field_in_grain(field: str, is_lines: bool) -> str | None:
    """The field's name in the grain of the file; None when it has no place there."""
    if is_lines:
        return _OF_LINES.get(field, field)
    if field in ("product_code", "product_title", "category", "variant", "unit_price"):
        return None
    return "quantity" if field == "line_quantity" else field


def _add_payment(columns: dict[str, Any], is_lines: bool, missing: list[str]) -> None:
    paid = "line_paid" if is_lines else "paid"
    if paid not in columns:
        if is_lines and {"unit_price", "line_quantity"} <= columns.keys():
            columns[paid] = "unit price × quantity"
        else:
            missing.append(paid)
    if "ordered_at" not in columns and "paid_at" not in columns:
        missing.append("ordered_at")
    elif "paid_at" not in columns and "status" not in columns:
        # A till or invoice file lists sales: they were paid when they were made.
        columns["paid_at"] = "same as ordered_at"


def _values(header: Sequence[str], rows: Sequence[Sequence[str]], column: str) -> list[str]:
    at = list(header).index(column)
    return [row[at].strip() for row in rows if len(row) > at and row[at].strip()]


def _are_days(written: Sequence[str] | None) -> bool:
    """Whether the values name days and no time of them."""
    return bool(written) and all(
        ":" not in re.sub(r"[T ]00:00:00$", "", text) for text in written or ()
    )


def _time_of_day(
    header: Sequence[str], rows: Sequence[Sequence[str]], used: set[str]
) -> str | None:
    """The column that holds the time of day beside another with the day; None if there is none."""
    for column in header:
        written = _values(header, rows, column) if column not in used else []
        if written and all(re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text) for text in written):
            return column
    return None


def _habits(values: Mapping[str, list[str]], missing: list[str]) -> dict[str, Any]:
    """How the file writes dates, numbers, states, returns and cancellations."""
    habits: dict[str, Any] = {}
    written = values.get("ordered_at", []) + values.get("paid_at", [])
    if any(times.clean_wall_time(text).problem == "AMBIGUOUS_DATE" for text in written):
        day_first = _day_first(written)
        if day_first is None:
            missing.append("dates")
        else:
            habits["dates"] = {"day_first": day_first}
    numbers = [text for f in ("paid", "unit_price", "list") for text in values.get(f, [])]
    if any(re.fullmatch(r"-?[\d.]*\d,\d{1,2}", text) for text in numbers):
        habits["numbers"] = {"decimal": ","}
    if any(text.startswith("-") for text in numbers + values.get("line_quantity", [])):
        habits["negatives"] = "returns"
    prefixes = {text[:1] for text in values.get("order_no", []) if re.fullmatch(r"[Cc]\d+", text)}
    if prefixes and any(text.isdigit() for text in values["order_no"]):
        habits["cancellation_prefix"] = prefixes.pop()
    if "status" in values:
        habits["status"] = _states(values["status"], missing)
    return habits


def _day_first(times: Sequence[str]) -> bool | None:
    """Whether days stand first; None when every sample fits both ways."""
    parts = [re.match(r"(\d{1,2})[-/.](\d{1,2})[-/.]\d{2,4}", text) for text in times]
    if any(found and int(found[1]) > 12 for found in parts):
        return True
    if any(found and int(found[2]) > 12 for found in parts):
        return False
    return None


def _states(words: Sequence[str], missing: list[str]) -> dict[str, Any]:
    """The meaning of the states in the sample, by what the known platforms call them."""
    known: dict[str, Any] = {}
    for format_ in known_formats():
        if format_.kind == "orders":
            for word, meaning in format_.status.items():
                pair = meaning if isinstance(meaning, tuple) else None
                known.setdefault(word, {"paid": pair[0], "unpaid": pair[1]} if pair else meaning)
    found: dict[str, Any] = {}
    for word in dict.fromkeys(words):
        key = header_key(word)
        if key in known:
            found[word] = known[key]
        elif key not in STATUSES:
            missing.append(f"status: {word}")
    return found
