"""The steps of the value model that are computed here and not by the engine.

The engine hands over distinct histories, not members; what each promises goes back as a table and
is joined to the members there. A million members have some ten thousand histories to a few hundred
thousand, and the fit takes a second or two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from huitou.insight.clv import values
from huitou.insight.clv.purchases import Histories, PurchaseModel
from huitou.insight.clv.spend import Spending, SpendModel
from huitou.insight.clv.values import ValueModel

HISTORIES, SPENDING = "value_histories", "value_spending"
MODEL, OUTLOOK = "value_model", "value_outlook"
MODEL_COLUMNS = {
    **dict.fromkeys(("r", "alpha", "a", "b", "p", "q", "v"), "float64"),
    "reason": "string",
}
OUTLOOK_COLUMNS = {
    **dict.fromkeys(("repeats", "recency", "age"), "int64"),
    **dict.fromkeys(("p_alive", "expected_purchases", "discounted_purchases"), "float64"),
}


def fit(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """The fitted model of ``value_histories`` and ``value_spending``, one row."""
    rows = columns_of(connection, SPENDING, "repeats, total, customers")
    spent = Spending(rows["repeats"], floats(rows["total"]), floats(rows["customers"]))
    model = values.fitted(histories_in(connection), spent)
    found: dict[str, Any] = dict.fromkeys(MODEL_COLUMNS)
    found["reason"] = model.reason
    if model.purchases:
        of = model.purchases
        found |= {"r": of.r, "alpha": of.alpha, "a": of.a, "b": of.b}
    if model.spend:
        found |= {"p": model.spend.p, "q": model.spend.q, "v": model.spend.v}
    return pa.Table.from_pylist([found], schema=_schema(MODEL_COLUMNS))


def outlook(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """What each of ``value_histories`` promises by ``value_model``; no rows without a model."""
    model = model_in(connection).purchases
    schema = _schema(OUTLOOK_COLUMNS)
    if model is None:
        return schema.empty_table()
    histories = histories_in(connection)
    found = values.outlook(model, histories)
    return pa.table(
        [
            histories.repeats,
            histories.recency.astype(np.int64),
            histories.age.astype(np.int64),
            found.alive,
            found.purchases,
            found.discounted,
        ],
        schema=schema,
    )


def model_in(connection: duckdb.DuckDBPyConnection) -> ValueModel:
    """The model that ``fit`` left in the session."""
    return model_of(model_row(connection))


def model_row(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The same by column, as plain values that can be kept."""
    named = ", ".join(MODEL_COLUMNS)
    row = connection.execute(f"SELECT {named} FROM {MODEL}").fetchall()[0]
    return dict(zip(MODEL_COLUMNS, row, strict=True))


def model_of(row: Mapping[str, Any]) -> ValueModel:
    """A model as it was kept, by column."""
    buying = ("r", "alpha", "a", "b")
    spent = ("p", "q", "v")
    return ValueModel(
        PurchaseModel(*(row[name] for name in buying)) if row["r"] is not None else None,
        SpendModel(*(row[name] for name in spent)) if row["p"] is not None else None,
        row["reason"],
    )


def histories_in(connection: duckdb.DuckDBPyConnection, table: str = HISTORIES) -> Histories:
    """The distinct histories of a table; times in days."""
    rows = columns_of(connection, table, "repeats, recency, age, customers")
    return Histories(
        rows["repeats"], floats(rows["recency"]), floats(rows["age"]), floats(rows["customers"])
    )


def columns_of(
    connection: duckdb.DuckDBPyConnection, table: str, columns: str
) -> dict[str, np.ndarray[Any, Any]]:
    """Columns of a table as arrays, in their order: sums then have the same last digits always."""
    # Numpy and not Arrow: DuckDB fills the arrays itself.
    rows = connection.execute(f"SELECT {columns} FROM {table} ORDER BY {columns}")
    return dict(rows.fetchnumpy())


def floats(numbers: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Whole numbers as floats."""
    return numbers.astype(np.float64)


def _schema(columns: dict[str, str]) -> pa.Schema:
    kinds = {"float64": pa.float64(), "int64": pa.int64(), "string": pa.string()}
    return pa.schema([(name, kinds[kind]) for name, kind in columns.items()])
