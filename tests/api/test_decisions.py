"""Merge, split and explain through HTTP: as in the console, once however often it is asked for."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError

from huitou.brands.api_keys import issue_api_key
from huitou.brands.models import ApiKey, Brand, Shop
from huitou.commerce.queries import timeline
from huitou.eventlog.models import AuditEntry
from huitou.kernel.errors import RefusedInputError
from huitou.members.models import IdentityEdge, Member
from tests.api.door import ask, make_key, send
from tests.factories import make_brand, make_shop

pytestmark = pytest.mark.django_db
UNKNOWN = str(uuid4())


def people(key: str, *numbers: str, **fields: Any) -> list[str]:
    """Members with these customer ids; their public ids."""
    members = [
        {"id": number, "updated_at": "2026-05-02T00:00:00Z", "name": number, **fields}
        for number in numbers
    ]
    assert send(key, "/members", {"members": members}).status_code == 200
    return [
        ask(key, "/members", kind="customer_id", value=number).json()["id"] for number in numbers
    ]


def by_customer(number: str) -> dict[str, Any]:
    return {"identifier": {"kind": "customer_id", "value": number}}


def test_a_merge_joins_is_explained_and_split_again(brand: Brand, shop: Shop) -> None:
    # given
    key = make_key(brand)
    a, b = people(key, "c1", "c2")

    # when
    merged = send(
        key, "/members/merge", {"members": [{"id": b}, by_customer("c1")], "reason": "twins"}
    )
    found = ask(key, f"/members/{b}/explain").json()
    parted = send(key, "/members/split", {"accounts": [by_customer("c2")], "reason": "not them"})

    # then
    assert merged.json() == {"outcome": "updated", "members": [{"id": a, "accounts": [a, b]}]}
    assert (found["id"], [account["id"] for account in found["accounts"]]) == (a, [a, b])
    (edge,) = found["evidence"]
    assert (edge["verdict"], edge["rule"], edge["accounts"]) == ("same", "staff", [a, b])
    assert (edge["confidence"], edge["reason"], edge["by"]) == (1.0, "twins", "")
    assert parted.json() == {
        "outcome": "updated",
        "members": [{"id": a, "accounts": [a]}, {"id": b, "accounts": [b]}],
    }
    evidence = ask(key, f"/members/{b}/explain").json()["evidence"]
    assert [(e["verdict"], e["accounts"]) for e in evidence] == [
        ("apart", [a, b]), ("same", [a, b]),
    ]  # fmt: skip


def test_asking_again_changes_nothing(brand: Brand, shop: Shop) -> None:
    # given
    key = make_key(brand)
    a, b, c = people(key, "c1", "c2", "c3")
    merging = {"members": [{"id": a}, {"id": b}, {"id": c}]}
    parting = {"accounts": [{"id": b}, {"id": c}]}

    # when
    answers = [
        send(key, path, body).json()
        for path, body in (
            ("merge", merging),
            ("merge", merging),
            ("split", parting),
            ("split", parting),
        )
        for path in (f"/members/{path}",)
    ]

    # then
    assert [answer["outcome"] for answer in answers] == ["updated", "unchanged"] * 2
    assert answers[1]["members"] == answers[0]["members"] == [{"id": a, "accounts": [a, b, c]}]
    # then: nothing but the one they left held b and c together
    assert answers[3]["members"] == [{"id": b, "accounts": [b]}, {"id": c, "accounts": [c]}]
    assert IdentityEdge.objects.count() == 4


def test_shared_keys_are_explained_with_the_number_masked(brand: Brand, shop: Shop) -> None:
    # given
    key = make_key(brand)
    site = make_shop(brand, platform="shopify")
    (a,) = people(key, "c1", shop=shop.slug, phone="13900001234")
    people(key, "c2", shop=site.slug, phone="13900001234")

    # when
    answer = ask(key, f"/members/{a}/explain")

    # then
    found = answer.json()
    accounts = [account["id"] for account in found["accounts"]]
    assert found["keys"] == [
        {"kind": "phone", "value": "**********1234", "name": "", "accounts": accounts}
    ]
    assert [(x["platform"], x["kind"], x["value"]) for x in found["accounts"]] == [
        ("taobao", "customer_id", "c1"), ("shopify", "customer_id", "c2"),
    ]  # fmt: skip
    assert "13900001234" not in answer.content.decode()


def test_the_audit_log_names_the_key(brand: Brand, shop: Shop) -> None:
    # given
    issued = issue_api_key(
        brand=brand, name="help desk", scopes=["members:merge", "members:write", "members:read"]
    )
    a, b = people(issued.secret, "c1", "c2")

    # when
    send(issued.secret, "/members/merge", {"members": [{"id": a}, {"id": b}]})

    # then
    entry = AuditEntry.objects.get(table_name="members_identityedge")
    assert (entry.actor_kind, entry.actor_id, entry.actor_name) == (
        "api_key", issued.key.pk, "help desk",
    )  # fmt: skip
    assert entry.brand_id == brand.pk


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "pointer"),
    [
        ("merge", {"members": [{"id": UNKNOWN}, {"id": UNKNOWN}]}, 404, "UNKNOWN_MEMBER", None),
        ("merge", {"members": [by_customer("c1")]}, 422, "INVALID_BODY", "/members"),
        ("merge", {"members": [by_customer("c1"), {}]}, 422, "INVALID_BODY", "/members/1"),
        (
            "split", {"accounts": [{"id": UNKNOWN, **by_customer("c1")}]}, 422, "INVALID_BODY",
            "/accounts/0",
        ),
        ("split", {"accounts": [by_customer("nobody")]}, 404, "UNKNOWN_MEMBER", None),
        (
            "split", {"accounts": [by_customer("c1"), by_customer("c3")]}, 422, "NOT_ONE_PERSON",
            None,
        ),
        (
            "split", {"accounts": [{"identifier": {"kind": "phone", "value": "138****1234"}}]}, 404,
            "UNKNOWN_MEMBER", None,
        ),
    ],
)  # fmt: skip
def test_refusals_leave_everybody_as_they_were(
    brand: Brand, shop: Shop, path: str, body: Any, status: int, code: str, pointer: str | None
) -> None:
    # given
    key = make_key(brand)
    a, b, *_ = people(key, "c1", "c2", "c3")
    send(key, "/members/merge", {"members": [{"id": a}, {"id": b}]})

    # when
    answer = send(key, f"/members/{path}", body)

    # then
    problem = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert problem["type"].endswith(code.lower().replace("_", "-"))
    assert [fault["pointer"] for fault in problem.get("errors", [])] == [pointer] * bool(pointer)
    assert IdentityEdge.objects.count() == 1


def test_an_identifier_that_owns_several_accounts_parts_none(brand: Brand, shop: Shop) -> None:
    # given the customer id c1 on two platforms
    key = make_key(brand)
    site = make_shop(brand, platform="shopify")
    for where in (shop, site):
        people(key, "c1", shop=where.slug)

    # when
    answer = send(key, "/members/split", {"accounts": [by_customer("c1")]})

    # then
    assert (answer.status_code, answer.json()["type"]) == (
        422, "https://huitou.example/problems/ambiguous",
    )  # fmt: skip


def test_members_of_another_brand_are_not_there(brand: Brand, shop: Shop) -> None:
    # given
    a, _ = people(make_key(brand), "c1", "c2")
    other = make_brand()
    make_shop(other)
    stranger = make_key(other)
    (own,) = people(stranger, "c9")

    # when
    statuses = [
        send(stranger, "/members/merge", {"members": [{"id": a}, {"id": own}]}).status_code,
        send(stranger, "/members/merge", {"members": [by_customer("c1"), {"id": own}]}).status_code,
        send(stranger, "/members/split", {"accounts": [{"id": a}]}).status_code,
        ask(stranger, f"/members/{a}/explain").status_code,
    ]

    # then
    assert statuses == [404] * 4
    assert not IdentityEdge.objects.exists()
    assert not Member.objects.filter(merged_into__isnull=False).exists()


def test_a_key_of_one_shop_never_merges(brand: Brand, shop: Shop) -> None:
    # when
    with pytest.raises(RefusedInputError) as refused:
        issue_api_key(brand=brand, name="till", scopes=["members:merge"], shop=shop)

    # then
    assert refused.value.code == "BRAND_WIDE"
    with pytest.raises(IntegrityError):
        ApiKey.objects.create(
            brand=brand,
            shop=shop,
            name="x",
            prefix="x",
            secret_sha256=b"",
            scopes=["members:merge"],
        )


def test_the_timeline_tells_of_it(brand: Brand, shop: Shop) -> None:
    # given
    key = make_key(brand)
    a, b = people(key, "c1", "c2")

    # when
    send(key, "/members/merge", {"members": [{"id": a}, {"id": b}]})

    # then
    person = Member.objects.get(public_id=UUID(a)).pk
    assert [(entry.kind, entry.text) for entry in timeline(brand.pk, person)] == [
        ("merged", "staff"),
    ]
