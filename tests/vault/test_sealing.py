"""Sealed values and keyed hashes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huitou.vault.errors import BrokenSealError, MissingKeyError
from huitou.vault.hashing import blind_index, blind_indexes, normalised
from huitou.vault.sealing import open_many, open_sealed, seal, seal_many

PLACE = {"table": "members_member", "column": "phone"}
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
_same_home = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)


@_same_home
@given(values=st.lists(st.none() | _texts, max_size=20))
def test_what_was_sealed_opens_again_in_order(home: Path, values: list[str | None]) -> None:
    boxes = seal_many(values, **PLACE)
    assert open_many(boxes, **PLACE) == values


def test_equal_texts_have_different_seals(home: Path) -> None:
    assert len(set(seal_many(["a"] * 100, **PLACE))) == 100


@pytest.mark.parametrize(
    "place",
    [
        {"table": "members_member", "column": "email"},
        {"table": "commerce_order", "column": "phone"},
    ],
)
def test_a_seal_moved_to_another_column_does_not_open(home: Path, place: dict[str, str]) -> None:
    box = seal("13800001234", **PLACE)
    with pytest.raises(BrokenSealError, match=f"{place['table']}.{place['column']}"):
        open_sealed(box, **place)


def test_a_changed_byte_anywhere_is_noticed(home: Path) -> None:
    box = seal("13800001234", **PLACE)
    for at in range(len(box)):
        changed = box[:at] + bytes([box[at] ^ 1]) + box[at + 1 :]
        with pytest.raises((BrokenSealError, MissingKeyError)):
            open_sealed(changed, **PLACE)


@pytest.mark.parametrize("box", [b"", b"13800001234", b"\x01" * 16, b"\x02" * 60])
def test_what_is_no_seal_is_refused(home: Path, box: bytes) -> None:
    with pytest.raises((BrokenSealError, MissingKeyError)):
        open_sealed(box, **PLACE)


@pytest.mark.parametrize(
    "spelling",
    [
        "13800138001",
        "+8613800138001",
        "0086 138-0013-8001",
        "１３８００１３８００１",
        "86 13800138001",
    ],
)
def test_all_spellings_of_a_phone_meet(home: Path, spelling: str) -> None:
    wanted = blind_index("13800138001", kind="phone", brand_id=1)
    assert wanted is not None
    assert len(wanted) == 32
    assert blind_index(spelling, kind="phone", brand_id=1) == wanted


def test_hashes_differ_by_brand_kind_and_installation(home: Path) -> None:
    # given
    hashes = {
        blind_index("13800138001", kind="phone", brand_id=1),
        blind_index("13800138001", kind="phone", brand_id=2),
        blind_index("13800138001", kind="account", brand_id=1),
    }

    # when the installation has other keys
    for file in (home / "keys").iterdir():
        file.unlink()
    hashes.add(blind_index("13800138001", kind="phone", brand_id=1))

    # then
    assert len(hashes) == 4


@pytest.mark.parametrize("value", ["", " ", "138****8001", "l***@example.com", None])
def test_nothing_and_masked_values_have_no_hash(home: Path, value: str | None) -> None:
    assert blind_indexes([("phone", value), ("email", value)], brand_id=1) == [None, None]


@settings(max_examples=1000)
@given(value=_texts, kind=st.sampled_from(["phone", "email", "buyer_nick"]))
def test_normalising_twice_is_normalising_once(value: str, kind: str) -> None:
    once = normalised(kind, value)
    assert normalised(kind, once) == once
