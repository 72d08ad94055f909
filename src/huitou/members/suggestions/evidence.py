"""The codes that say which fields agree and how; the console words them in two languages."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from huitou.members.suggestions.comparing import Compared

# By field, in the order of the levels from 1; level 0 (unknown) says nothing.
CODES: dict[str, tuple[str, ...]] = {
    "name": (
        "name_same", "name_near", "name_part_same", "surname_same", "name_different",
        "name_shown_same", "name_different", "name_part_same", "name_different",
    ),
    "phone": (
        "phone_same", "phone_near", "phone_different", "phone_shown_same", "phone_different",
        "phone_tail_same", "phone_different",
    ),
    "place": (
        "address_same", "address_near", "street_same", "district_same_address_different",
        "city_same_address_different", "province_same", "region_different",
        "district_same", "city_same", "province_same", "region_different",
        "city_same", "province_same", "region_different",
    ),
    "email": ("email_local_same", "email_different"),
    "nick": ("nick_same", "nick_different"),
    "birthday": ("birthday_same", "birthday_near", "birthday_different"),
}  # fmt: skip


def evidence(pairs: Compared, at: NDArray[np.int64]) -> pa.Array:
    """A list of codes for each pair ``at`` these places."""
    words: list[str] = []
    columns = []
    for field, codes in CODES.items():
        level = pairs.levels[field][at].astype(np.int64)
        columns.append(np.where(level > 0, level - 1 + len(words), -1))
        words += codes
    table = np.stack(columns, axis=1)
    said = table >= 0
    offsets = np.concatenate([[0], np.cumsum(said.sum(axis=1))]).astype(np.int32)
    values = pa.array(words).take(pa.array(table[said]))
    return pa.ListArray.from_arrays(pa.array(offsets), values)
