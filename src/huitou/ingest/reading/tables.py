"""Small steps shared by the shapes: columns put together into record tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from huitou.ingest.reading.binding import PHONE, REGION
from huitou.ingest.reading.regions import region_of
from huitou.ingest.reading.rows import CleanRows

TIME = pa.timestamp("us", tz="UTC")


def as_table(columns: Mapping[str, pa.Array], schema: pa.Schema, rows: int) -> pa.Table:
    """``columns`` as a table of ``schema``; a column not given is null."""
    arrays = []
    for field in schema:
        column = columns.get(field.name)
        if column is None:
            column = pa.nulls(rows, field.type)
        arrays.append(column if column.type == field.type else column.cast(field.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def display(rows: CleanRows, field: str) -> pa.Array:
    """A phone column as shown, '' for none."""
    return pc.fill_null(pc.struct_field(rows.get(field, PHONE), "display"), "")


def total(column: pa.Array) -> int:
    """The sum of ``column``, 0 when it is empty."""
    return int(pc.sum(column).as_py() or 0)


def region_columns(rows: CleanRows) -> dict[str, pa.Array]:
    """Province and city, from their own cells or from the address."""
    if rows.has("province") or rows.has("city"):
        province, city = rows.text("province"), rows.text("city")
        # Parted by a line end, which a clean cell may hold but a place name does not.
        pairs = pc.binary_join_element_wise(province, city, "\n").dictionary_encode()
        regions = [region_of(*pair.split("\n", 1)) for pair in pairs.dictionary.to_pylist()]
        return {
            "province": pa.array([r.province for r in regions], pa.string()).take(pairs.indices),
            "city": pa.array([r.city for r in regions], pa.string()).take(pairs.indices),
        }
    region = rows.get("address", REGION)
    return {name: pc.fill_null(pc.struct_field(region, name), "") for name in ("province", "city")}


def joined_name(rows: CleanRows, first: str, last: str) -> pa.Array:
    """First and last name put together, or the one that there is."""
    if not rows.has(first):
        return rows.text(last)
    return pc.utf8_trim_whitespace(
        pc.binary_join_element_wise(rows.text(first), rows.text(last), " ")
    )


def row_numbers(rows: CleanRows) -> pa.Array:
    """The input row numbers."""
    return pa.array(np.asarray(rows.row_nos), pa.int64())
