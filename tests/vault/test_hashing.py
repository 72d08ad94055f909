"""Pseudonyms and keys of phones: equal for equal contacts, and nothing to guess from."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huitou.vault.hashing import TOKEN_PREFIX, blind_index, phone_keys, pseudonyms


def test_spellings_of_a_contact_share_its_pseudonym(home: Path) -> None:
    found = pseudonyms("phone", ["138 0013 8001", "+8613800138001", "13800138002"], brand_id=1)

    assert found[0] == found[1] != found[2]
    assert pseudonyms("named_phone", ["13800138001"], brand_id=1) == [found[0]]
    assert (found[0][0], len(found[0])) == ("#", 25)
    assert "138" not in found[0].replace("/", "")


def test_kinds_and_brands_do_not_meet(home: Path) -> None:
    value = "13800138001"
    found = {
        pseudonyms(kind, [value], brand_id=brand)[0]
        for kind in ("phone", "email", "payment_account")
        for brand in (1, 2)
    }
    assert len(found) == 6


def test_a_token_stays_and_what_is_masked_stands_for_itself(home: Path) -> None:
    token = f"{TOKEN_PREFIX}00"
    kept, masked, other = pseudonyms("phone", [token, "138****8001", "138****8002"], brand_id=1)

    assert kept == token
    assert masked != other
    assert (masked[0], len(masked)) == ("#", 25)


def test_the_key_of_a_phone_is_the_beginning_of_its_hash(home: Path) -> None:
    whole, spelled, masked, nothing = phone_keys(
        ["13800138001", "+86 138 0013 8001", "138****8001", ""], brand_id=1
    )
    index = blind_index("13800138001", kind="phone", brand_id=1)

    assert index is not None
    assert whole == spelled == index[:8]
    assert masked not in (None, whole)
    assert nothing is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(min_size=1)))
def test_every_value_has_a_pseudonym_of_its_own_place(home: Path, values: list[str]) -> None:
    found = pseudonyms("email", values, brand_id=1)

    assert found == [pseudonyms("email", [value], brand_id=1)[0] for value in values]
