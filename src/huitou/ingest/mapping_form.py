"""The mapping page's form: from a proposal to fields on a page, and from a post to a mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import yaml

from huitou.ingest.reading import Source, format_from_mapping, propose_mapping, read_chunks
from huitou.ingest.reading.binding import AMOUNTS, TIMES
from huitou.ingest.reading.formats import FIELDS
from huitou.ingest.records import Chunk, ReadContext
from huitou.kernel.errors import RefusedInputError

# Rows shown under each heading, and rows read for the preview.
SAMPLE_VALUES = 3
PREVIEW_ROWS = 200
# Rows looked at for the words of the status column, and words asked about.
_STATUS_ROWS = 20_000
STATUS_WORDS_MAX = 40
# Fields without which a record cannot be stored.
_REQUIRED = {"orders": ("order_no",), "refunds": ("refund_no", "order_no", "amount")}
_REQUIRED |= {"reviews": ("review_no",), "customers": ()}
# Keys of a mapping that the form decides alone.
_FORM_KEYS = frozenset(
    {"kind", "grain", "columns", "status", "dates", "numbers", "negatives", "currency"}
)
_DATE_ORDERS = {"day_first": True, "month_first": False}


@dataclass(frozen=True)
class ColumnChoice:
    """A column of the file: its first values, and the field it is read as ('' for none)."""

    at: int
    name: str
    samples: list[str]
    field: str


@dataclass
class Choices:
    """What the form says. ``columns`` is the field of each column, '' where it is not read.

    ``date_order`` is '', ``day_first`` or ``month_first``; ``status_constant`` applies to every
    row when no column holds the status; ``paid_when_ordered`` takes the time of order as that of
    payment. ``base`` is the proposal: what the form does not ask is taken from it, the meaning of
    well-known status words included.
    """

    kind: str = "orders"
    grain: str = "order"
    columns: list[str] = field(default_factory=list)
    date_order: str = ""
    decimal: str = "."
    negatives: str = "refuse"
    currency: str = ""
    status: dict[str, str] = field(default_factory=dict)
    status_constant: str = ""
    paid_when_ordered: bool = False
    base: Mapping[str, Any] = field(default_factory=dict)

    @property
    def known_words(self) -> Mapping[str, Any]:
        """The status words whose meaning the proposal knows."""
        return self.base.get("status") or {}


@dataclass(frozen=True)
class Preview:
    """The first rows as they would be stored, or ``refusal``: why the mapping is not valid."""

    chunk: Chunk | None
    refusal: RefusedInputError | None = None


def proposed(source: Source) -> Choices:
    """The form as the headers and the first values suggest it."""
    return choices_of(_proposal(source), source.header)


def choices_of(mapping: Mapping[str, Any], header: Sequence[str]) -> Choices:
    """The form that stands for ``mapping``."""
    columns = dict(mapping.get("columns") or {})
    by_name = {name: key for key, value in columns.items() for name in _names(value)}
    status_source = columns.get("status")
    dates, numbers = mapping.get("dates") or {}, mapping.get("numbers") or {}
    orders = {flag: name for name, flag in _DATE_ORDERS.items()}
    return Choices(
        kind=mapping.get("kind", "orders"),
        grain=mapping.get("grain", "order"),
        columns=[by_name.get(name, "") for name in header],
        date_order=orders.get(bool(dates["day_first"]), "") if "day_first" in dates else "",
        decimal=numbers.get("decimal", "."),
        negatives=mapping.get("negatives", "refuse"),
        currency=mapping.get("currency") or "",
        status_constant=(
            status_source.get("constant", "") if isinstance(status_source, Mapping) else ""
        ),
        paid_when_ordered=columns.get("paid_at") == "same as ordered_at",
        base=mapping,
    )


def choices_from_post(post: Mapping[str, str], source: Source) -> Choices:
    """The form as posted; unknown fields count as not read."""
    header = source.header
    kind = post.get("kind", "orders")
    kind = kind if kind in FIELDS else "orders"
    columns = [post.get(f"column.{at}", "") for at in range(len(header))]
    count = post.get("status.count", "")
    words = min(int(count), STATUS_WORDS_MAX) if count.isascii() and count.isdigit() else 0
    return Choices(
        kind=kind,
        grain="line" if post.get("grain") == "line" and kind == "orders" else "order",
        columns=[name if name in FIELDS[kind] else "" for name in columns],
        date_order=post.get("date_order", "") if post.get("date_order") in _DATE_ORDERS else "",
        decimal="," if post.get("decimal") == "," else ".",
        negatives="returns" if post.get("negatives") == "returns" else "refuse",
        currency=post.get("currency", "").strip().upper()[:3],
        status={
            post.get(f"status.{n}.word", ""): post.get(f"status.{n}.code", "")
            for n in range(words)
            if post.get(f"status.{n}.code")
        },
        status_constant=post.get("status_constant", ""),
        paid_when_ordered="paid_when_ordered" in post,
        base=_proposal(source),
    )


def mapping_of(choices: Choices, header: Sequence[str]) -> dict[str, Any]:
    """The mapping the form stands for, as a mapping file holds it.

    Several columns of one amount are added up, several of one time are a day and a time of day.
    Raises ``RefusedInputError`` (``BAD_MAPPING``) when another field is given to several columns.
    """
    names: dict[str, list[str]] = {}
    for name, chosen in zip(header, choices.columns, strict=True):
        if chosen:
            names.setdefault(chosen, []).append(name)
    columns: dict[str, Any] = {}
    for chosen, found in names.items():
        if len(found) > 1 and chosen not in AMOUNTS | TIMES:
            raise RefusedInputError("BAD_MAPPING", f"{chosen}: {', '.join(found)}")
        together = "joined" if chosen in TIMES else "sum"
        columns[chosen] = found[0] if len(found) == 1 else {together: found}
    if choices.kind == "orders":
        _derive(columns, choices)
    mapping: dict[str, Any] = {"kind": choices.kind}
    if choices.kind == "orders":
        mapping["grain"] = choices.grain
    mapping["columns"] = columns
    status = _status_of(choices, columns)
    if status:
        mapping["status"] = status
    if choices.date_order:
        mapping["dates"] = {"day_first": _DATE_ORDERS[choices.date_order]}
    if choices.decimal == ",":
        mapping["numbers"] = {"decimal": ","}
    if choices.negatives != "refuse":
        mapping["negatives"] = choices.negatives
    if choices.currency:
        mapping["currency"] = choices.currency
    return {**mapping, **_kept(choices)}


def missing_fields(choices: Choices) -> list[str]:
    """The fields that some column must still be given to."""
    return [name for name in _REQUIRED[choices.kind] if name not in choices.columns]


def yaml_of(mapping: Mapping[str, Any]) -> str:
    """The mapping as the file ``huitou import --mapping`` takes."""
    return yaml.safe_dump(dict(mapping), allow_unicode=True, sort_keys=False, width=100)


def preview(source: Source, mapping: Mapping[str, Any], context: ReadContext) -> Preview:
    """Read the first rows by ``mapping``; nothing is stored."""
    try:
        chunks = read_chunks(
            source, format_from_mapping(mapping), context=context, chunk_rows=PREVIEW_ROWS
        )
        return Preview(next(iter(chunks), None))
    except RefusedInputError as error:
        return Preview(None, error)


def columns_of(source: Source, choices: Choices) -> list[ColumnChoice]:
    """Every column with its first values that are not empty."""
    samples: list[list[str]] = [[] for _ in source.header]
    for row in source.sample:
        for values, value in zip(samples, row, strict=False):
            if value.strip() and len(values) < SAMPLE_VALUES and value not in values:
                values.append(value)
    return [
        ColumnChoice(at, name, samples[at], choices.columns[at])
        for at, name in enumerate(source.header)
    ]


def status_words(source: Source, choices: Choices) -> list[str]:
    """The words of the status column in the first rows, in order of appearance."""
    if "status" not in choices.columns:
        return []
    place = choices.columns.index("status")
    words: dict[str, None] = {}
    for value in islice(_values(source, place), _STATUS_ROWS):
        if value and value.strip():
            words.setdefault(value.strip())
        if len(words) >= STATUS_WORDS_MAX:
            break
    return list(words)


def _values(source: Source, place: int) -> Iterator[str | None]:
    for rows in source.raw_rows([place]):
        yield from rows.table[str(place)].to_pylist()


def _derive(columns: dict[str, Any], choices: Choices) -> None:
    """Fields that no column holds but others give."""
    if choices.status_constant and "status" not in columns:
        columns["status"] = {"constant": choices.status_constant}
    if choices.paid_when_ordered and "paid_at" not in columns and "ordered_at" in columns:
        columns["paid_at"] = "same as ordered_at"
    has_price = "unit_price" in columns and "line_quantity" in columns
    if choices.grain == "line" and has_price and not {"line_paid", "paid"} & set(columns):
        columns["line_paid"] = "unit price × quantity"


def _kept(choices: Choices) -> dict[str, Any]:
    """What the proposal says beyond the form, as long as it is about the same kind of rows."""
    kind, grain = choices.base.get("kind", "orders"), choices.base.get("grain", "order")
    if (choices.kind, choices.grain) != (kind, grain):
        return {}
    return {name: value for name, value in choices.base.items() if name not in _FORM_KEYS}


def _status_of(choices: Choices, columns: Mapping[str, Any]) -> dict[str, Any]:
    if _is_table(columns.get("status")):
        return {choices.status_constant: choices.status_constant}
    return {**choices.known_words, **choices.status} if "status" in columns else {}


def _proposal(source: Source) -> dict[str, Any]:
    return propose_mapping(source.header, source.sample).mapping


def _names(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return value
    if _is_table(value):
        several = value.get("sum") or value.get("joined")
        return list(several or filter(None, [value.get("column")]))
    return []


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)
