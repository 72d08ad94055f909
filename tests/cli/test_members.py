"""Merging, splitting and explaining members from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from huitou.brands.models import Shop
from huitou.members.models import Member
from tests.cli.conftest import Run

CUSTOMERS = """nick,name,phone
a,沈知夏,19900000001
b,顾岚,19900000002
"""
MAPPING = """
kind: customers
columns: {buyer_nick: nick, name: name, phone: phone}
"""


@pytest.fixture
def two(run: Run, shop: Shop, tmp_path: Path) -> tuple[str, str]:
    """Two members from a customer file; their numbers."""
    (tmp_path / "c.csv").write_text(CUSTOMERS, encoding="utf-8")
    (tmp_path / "m.yaml").write_text(MAPPING, encoding="utf-8")
    done = run(
        "import", tmp_path / "c.csv", "--brand", shop.brand.slug, "--shop", shop.slug,
        "--mapping", tmp_path / "m.yaml", "--json",
    )  # fmt: skip
    assert (done.code, done.json["stored"]) == (0, 2)
    first, second = Member.objects.order_by("id")
    return str(first.public_id), str(second.public_id)


def test_merge_explain_split(run: Run, shop: Shop, two: tuple[str, str]) -> None:
    brand = ("--brand", shop.brand.slug)
    first, second = two

    merged = run("members", "merge", first, "buyer_nick:b", *brand, "--reason", "asked", "--json")
    told = run("members", "explain", "buyer_nick:b", *brand)
    explained = run("members", "explain", second, *brand, "--json").json
    parted = run("members", "split", second, *brand, "--json")

    assert merged.json == {"member": first, "accounts": [first, second]}
    assert [account["value"] for account in explained["accounts"]] == ["a", "b"]
    assert [(edge["verdict"], edge["reason"]) for edge in explained["evidence"]] == [
        ("same", "asked")
    ]
    assert told.code == 0
    assert "same:" in told.out
    assert parted.json == {"member": second, "accounts": [second]}


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("merge", "buyer_nick:a", "buyer_nick:nobody"), "has no member"),
        (("merge", "buyer_nick:a"), "one person already"),
        (("split", "buyer_nick:a"), "no other account"),
        (("policy", "--merge-by", "shoe size"), "no kind of key"),
        (("policy", "--accounts-max", "1"), "2 to 1000"),
    ],
)
def test_refusals_say_what_to_do(
    run: Run, shop: Shop, two: tuple[str, str], command: tuple[str, ...], says: str
) -> None:
    done = run("members", *command, "--brand", shop.brand.slug)

    assert done.code == 2
    assert says in done.err


def test_the_policy_is_shown_and_set(run: Run, shop: Shop) -> None:
    brand = ("--brand", shop.brand.slug)

    before = run("members", "policy", *brand, "--json").json
    after = run("members", "policy", *brand, "--merge-by", "phone", "--json").json

    assert before["accounts_max"] == 10
    assert before["merge_by"] == [
        "card_number", "email", "named_phone", "payment_account", "phone", "unionid",
    ]  # fmt: skip
    assert after == {"merge_by": ["phone"], "accounts_max": 10}
    assert run("members", "review", *brand).out == "Nothing waits for an answer.\n"
