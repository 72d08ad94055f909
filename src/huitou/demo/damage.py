"""Ways in which a row of an order list arrives broken, each with the code the import gives it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_CUT_AFTER_CELLS = 11


def _cut(line: str) -> str:
    return ",".join(line.split(",")[:_CUT_AFTER_CELLS])


def _lengthened(line: str) -> str:
    return line + ",多出来的,一格"


def _excel_number(line: str) -> str:
    return "2.018E+17" + line[line.index(",") :]


def _without_number(line: str) -> str:
    return line[line.index(",") :]


def _with_cell(position: int, value: str) -> Callable[[str], str]:
    """Replace a cell left of the first quoted one, where splitting at commas is safe."""

    def changed(line: str) -> str:
        cells = line.split(",")
        cells[position] = value
        return ",".join(cells)

    return changed


def _impossible_date(line: str) -> str:
    at = line.index(",2018-", line.index("'null"))
    return line[:at] + ",2018-02-30" + line[at + 11 :]


WAYS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("SHORT_ROW", _cut),
    ("LONG_ROW", _lengthened),
    ("EXCEL_DAMAGED_ID", _excel_number),
    ("MISSING_VALUE", _without_number),
    ("BAD_AMOUNT", _with_cell(8, "一百五十八")),
    ("NEGATIVE_AMOUNT", _with_cell(8, "-158.00")),
    ("UNKNOWN_STATUS", _with_cell(10, "交易飞走了")),
    ("BAD_DATE", _impossible_date),
    ("CONTROL_CHARACTER", _with_cell(1, "小满\x07")),
)


def damaged_rows(lines: pa.Array, broken: NDArray[np.bool_]) -> tuple[pa.Array, Counter[str]]:
    """``lines`` with those marked ``broken`` damaged, each way in turn, and how often each was."""
    codes: Counter[str] = Counter()
    changed = []
    for turn, line in enumerate(lines.filter(pa.array(broken)).to_pylist()):
        code, damage = WAYS[turn % len(WAYS)]
        changed.append(damage(line))
        codes[code] += 1
    return pc.replace_with_mask(lines, pa.array(broken), pa.array(changed, pa.string())), codes
