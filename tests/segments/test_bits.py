"""Bits have the members they were made of and nobody else, however far apart ids are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.segments import bits

IDS = st.sets(st.integers(0, 2_000) | st.integers(0, 1 << 40) | st.just((1 << 63) - 1))


@given(members=IDS, asked=IDS)
def test_bits_have_their_members_and_nobody_else(
    tmp_path_factory: pytest.TempPathFactory, members: set[int], asked: set[int]
) -> None:
    # given members kept as bits
    path = tmp_path_factory.mktemp("bits") / "some.bits"
    bits.write(path, np.array(sorted(members), dtype=np.int64))
    everybody = np.array(sorted(members | asked), dtype=np.int64)

    # when they and others are looked up
    found = everybody[bits.among(bits.read(path), everybody)]

    # then
    assert set(found.tolist()) == members


def test_ids_close_together_take_little_more_than_a_bit(tmp_path: Path) -> None:
    # given a million members in a row
    path = tmp_path / "dense.bits"

    # when
    bits.write(path, np.arange(1_000_000, dtype=np.int64))

    # then 72 bytes for each 512 of them
    assert path.stat().st_size == 72 * 1_954
