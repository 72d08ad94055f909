"""Generated customers: reproducible, and as hard to tell as they say."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
import pytest

from huitou.demo.people import PLATFORMS, Crowd, crowd
from huitou.members.suggestions import SCHEMA


@pytest.fixture(scope="module")
def people() -> Crowd:
    """Twenty thousand accounts."""
    return crowd(20_000, 5)


def test_a_seed_gives_the_same_accounts_and_another_seed_others(people: Crowd) -> None:
    assert crowd(20_000, 5).accounts.equals(people.accounts)
    assert not crowd(20_000, 6).accounts.equals(people.accounts)


def test_accounts_are_numbered_and_belong_to_the_schema(people: Crowd) -> None:
    assert people.accounts.schema.equals(SCHEMA)
    assert people.accounts["account_id"].to_pylist() == list(range(1, 20_001))
    assert set(people.accounts["platform"].unique().to_pylist()) == set(PLATFORMS)


def test_platforms_show_what_they_show(people: Crowd) -> None:
    # given
    by_platform = {
        name: people.accounts.filter(pc.equal(people.accounts["platform"], name))
        for name in PLATFORMS
    }

    # then
    def every(platform: str, column: str, pattern: str) -> bool:
        values = by_platform[platform][column].drop_null()
        return bool(pc.all(pc.match_substring_regex(values, pattern)).as_py())

    assert every("taobao", "name", r"^\p{Han}\*\*$")
    assert every("douyin", "name", r"^\p{Han}\*$")
    assert every("taobao", "phone", r"^1\d\d\*{4}\d{4}(-\d{4})?$")
    assert every("jd", "phone", r"^1\*{6}\d{4}$")
    assert every("taobao_2018", "phone", r"^1\d{10}$")
    assert every("taobao", "nick", r"^t\*\*3$")
    assert by_platform["taobao"]["address"].null_count == by_platform["taobao"].num_rows
    assert by_platform["jd"]["address"].null_count == 0


def test_some_strong_keys_are_shared_by_two_people() -> None:
    # given
    people = crowd(20_000, 5, strain=4)
    keys = people.keys
    value = pc.binary_join_element_wise(keys["kind"], keys["value"], "|").combine_chunks()
    code = value.dictionary_encode().indices.to_numpy()
    person = people.person_of_account[keys["account_id"].to_numpy() - 1]

    # when
    holders = np.unique(np.stack([code, person]), axis=1)[0]
    shared = (np.bincount(holders) > 1).sum()

    # then: some phones of partners
    assert 0 < shared < 0.01 * np.unique(code).size


def test_strain_makes_people_move_and_change_numbers(people: Crowd) -> None:
    # given
    calm, harsh = crowd(20_000, 5, strain=0), crowd(20_000, 5, strain=2)

    # when
    def phones_of_a_person(some: Crowd) -> float:
        """Whole phones per person on one kind of account."""
        at = pc.equal(some.accounts["platform"], "taobao_2018").to_numpy()
        phones = np.array(some.accounts["phone"].to_pylist(), dtype=object)[at].astype(str)
        pairs = {*zip(some.person_of_account[at].tolist(), phones, strict=True)}
        return len(pairs) / np.unique(some.person_of_account[at]).size

    # then
    assert phones_of_a_person(calm) < phones_of_a_person(people) < phones_of_a_person(harsh)
