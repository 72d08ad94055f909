"""The cleaned rows of a chunk, the rules that take several cells, and address cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from huitou.ingest.reading.binding import Binding
from huitou.ingest.reading.cells import MARK
from huitou.ingest.reading.columns import Cleaned
from huitou.ingest.reading.formats import REFUND_STATUSES, STATUSES

# "姓名，86-手机-分机，省 市 区 街道 地址 ，" of Qianniu; every part may be masked.
_QIANNIU = r"^(?P<name>[^，,]*)[，,]\s*(?:86-)?(?P<phone>[^，,]*)[，,](?P<address>(?s:.*))$"


def split_addresses(columns: dict[str, list[pa.Array]], style: str) -> dict[str, list[pa.Array]]:
    """``columns`` with an address cell of ``style`` split into receiver, phone and address."""
    if style != "qianniu" or "address" not in columns:
        return columns
    whole = columns["address"][0]
    found = pc.extract_regex(whole, _QIANNIU)

    def part(name: str) -> pa.Array:
        return pc.coalesce(pc.struct_field(found, name), pa.scalar(""))

    address = pc.coalesce(pc.struct_field(found, "address"), whole)
    return {
        **columns,
        "address": [address],
        "receiver": [part("name")],
        "receiver_phone": [part("phone")],
    }


def joined_times(columns: list[pa.Array]) -> pa.Array:
    """The cells of each row as one time: a day, and the time of that day.

    >>> joined_times([pa.array(["2026-01-02 00:00:00"]), pa.array(["12:30:00"])]).to_pylist()
    ['2026-01-02 12:30:00']
    """
    # Workbooks give a day as the midnight it begins with.
    joined = pc.replace_substring_regex(columns[0], r"[T ]00:00:00$", "")
    for column in columns[1:]:
        both = pc.utf8_trim_whitespace(pc.binary_join_element_wise(joined, column, " "))
        joined = pc.if_else(pc.starts_with(column, MARK), column, both)
    return joined


def joined_numbers(parts: list[Cleaned], chars_max: int) -> Cleaned:
    """Clean parts of a number as one; it is null where a part is."""
    values = pc.binary_join_element_wise(*(part.values for part in parts), "-")
    long = _where(pc.fill_null(pc.greater(pc.utf8_length(values), chars_max), False))
    return Cleaned(values, dict.fromkeys(long, "ID_TOO_LONG"))


class CleanRows:
    """The cleaned columns of a chunk by field; a field the file lacks is null."""

    def __init__(self, binding: Binding, row_nos: np.ndarray, cleaned: dict[str, Cleaned]) -> None:
        self.binding = binding
        self.row_nos = row_nos
        self.columns = {field: part.values for field, part in cleaned.items()}
        self.warnings = [
            (code, where) for part in cleaned.values() for code, where in part.warnings.items()
        ]

    def __len__(self) -> int:
        return len(self.row_nos)

    def has(self, field: str) -> bool:
        """Whether the file or the mapping states ``field``."""
        return field in self.binding.format.columns and (
            field in self.columns or self._derived(field) is not None
        )

    def get(self, field: str, type_: pa.DataType) -> pa.Array:
        """The column ``field`` as ``type_``; nulls when there is none."""
        column = self.columns.get(field)
        if column is None:
            column = self._derived(field)
        if column is None:
            return pa.nulls(len(self), type_)
        return column if column.type == type_ else column.cast(type_)

    def text(self, field: str) -> pa.Array:
        """The text column ``field``, '' for null."""
        return pc.fill_null(self.get(field, pa.string()), "")

    def _derived(self, field: str) -> pa.Array | None:
        column = self.binding.format.columns.get(field)
        if column is None or not column.same_as:
            return None
        return self.columns.get(column.same_as)

    def filter(self, kept: np.ndarray) -> CleanRows:
        """The rows where ``kept``."""
        mask = pa.array(kept)
        rows = CleanRows(self.binding, self.row_nos[kept], {})
        rows.columns = {field: values.filter(mask) for field, values in self.columns.items()}
        rows.warnings = [(code, where[kept[where]]) for code, where in self.warnings]
        return rows

    def warning_counts(self) -> Counter[str]:
        """How often each warning stands on these rows."""
        counts: Counter[str] = Counter()
        for code, where in self.warnings:
            counts[code] += len(where)
        return +counts

    def broken_rules(self) -> Iterator[tuple[int, str, str]]:
        """Row, code and field of rules that a single cell cannot break."""
        format_ = self.binding.format
        for field in format_.required:
            column = self.columns.get(field)
            if column is not None:
                empty = pc.is_null(column)
                if pa.types.is_string(column.type):
                    empty = pc.or_(empty, pc.equal(pc.fill_null(column, ""), ""))
                yield from ((at, "MISSING_VALUE", field) for at in _where(empty))
        ours = REFUND_STATUSES if format_.kind == "refunds" else STATUSES
        words = format_.status
        for field in ("status", "line_status"):
            column = self.columns.get(field)
            if column is not None:
                known = pc.is_in(pc.fill_null(column, ""), pa.array(sorted({*words, *ours})))
                yield from ((at, "UNKNOWN_STATUS", field) for at in _where(pc.invert(known)))
        currency = self.columns.get("currency")
        if currency is not None:
            other = pc.not_equal(currency, self.currency())
            yield from (
                (at, "MIXED_CURRENCY", "currency") for at in _where(pc.fill_null(other, False))
            )

    def currency(self) -> str:
        """The currency of the file: its first one, else the shop's."""
        if self.binding.seen_currency is None:
            column = self.columns.get("currency")
            stated = pc.drop_null(column) if column is not None else []
            if not len(stated):
                return self.binding.currency
            self.binding.seen_currency = stated[0].as_py()
        return self.binding.seen_currency


def _where(mask: pa.Array) -> list[int]:
    return pc.indices_nonzero(mask).to_pylist()  # type: ignore[no-any-return]
