"""Deciding who is one person, in the console."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from huitou.brands.models import Brand, Role, Shop, Staff
from huitou.eventlog.models import AuditEntry
from huitou.members.consent import Evidence, record_consent
from huitou.members.models import Conflict, IdentityEdge, Member, Suggestion
from tests.console import people
from tests.console.test_members_list import text_of
from tests.factories import make_brand, make_shop, make_staff
from tests.members.test_identity import FIRST, SECOND, bring, declare, row

NOW = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
REVIEW = "/members/review/"


@pytest.fixture
def signed_in(client: Client, home: Path, brand: Brand, shop: Shop, staff: Staff) -> Client:
    """An operator reading English, with three members in the brand."""
    people.fill(brand, shop)
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


def page(client: Client, address: str) -> str:
    """The text of a page."""
    answer = client.get(address)
    assert answer.status_code == 200
    return text_of(answer.content.decode())


def ids() -> list[int]:
    """The accounts, oldest first."""
    return list(Member.objects.order_by("id").values_list("id", flat=True))


def test_a_merge_is_shown_before_it_is_done_and_parted_again(
    signed_in: Client, staff: Staff
) -> None:
    # given
    first, second = (f"/members/{people.public_id(n)}/" for n in (0, 1))

    # when
    found = page(signed_in, f"{first}merge/?with={people.public_id(1)}")
    merged = signed_in.post(
        f"{first}merge/", {"with": str(people.public_id(1)), "reason": "same house"}, follow=True
    )

    # then
    assert "As one member" in found
    shown = text_of(merged.content.decode())
    assert "Accounts merged Decided by staff" in shown
    assert "same house" in shown
    edge = IdentityEdge.objects.get()
    assert (edge.verdict, edge.actor, edge.reason) == ("same", staff, "same house")
    assert page(signed_in, second) == page(signed_in, first)

    # and taken back
    signed_in.post(f"{first}split/", {"account": str(people.public_id(1)), "next": first})
    assert Member.objects.filter(merged_into__isnull=False).count() == 0
    assert "Accounts parted" in page(signed_in, second)


def test_the_page_of_several_accounts_asks_few_questions(
    signed_in: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = f"/members/{people.public_id(0)}/"
    signed_in.post(f"{first}merge/", {"with": str(people.public_id(1))})
    signed_in.get(first)

    # as for one account, and six more for why they are one person
    with django_assert_num_queries(37):
        signed_in.get(first)


def test_a_merge_tells_of_the_consent_it_takes(signed_in: Client, brand: Brand) -> None:
    # given
    for place, decision in ((0, "granted"), (1, "withdrawn")):
        record_consent(
            brand_id=brand.pk,
            member_ids=[ids()[place]],
            channel="sms",
            purpose="marketing",
            decision=decision,
            source="staff",
            evidence=Evidence("desk", "v1"),
            now=NOW,
        )

    # when
    shown = page(signed_in, f"/members/{people.public_id(0)}/merge/?with={people.public_id(1)}")

    # then
    assert "1 consent would hold no longer" in shown
    assert "SMS · Marketing Granted 2026-06-30 Withdrawn 2026-06-30 Withdrawn a grant is" in shown


def test_more_suggestions_ask_no_more_questions(
    signed_in: Client, brand: Brand, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # given
    a, b, c = ids()
    Suggestion.objects.create(brand=brand, a_id=a, b_id=b, probability=0.934)
    signed_in.get(REVIEW)
    with CaptureQueriesContext(connection) as one:
        signed_in.get(REVIEW)
    Suggestion.objects.create(brand=brand, a_id=a, b_id=c, probability=0.9)
    Suggestion.objects.create(brand=brand, a_id=b, b_id=c, probability=0.8)

    # when / then
    with django_assert_num_queries(len(one)):
        signed_in.get(REVIEW)


def test_suggestions_are_answered(signed_in: Client, brand: Brand) -> None:
    a, b, c = ids()
    Suggestion.objects.create(brand=brand, a_id=a, b_id=b, probability=0.934)
    other = Suggestion.objects.create(brand=brand, a_id=a, b_id=c, probability=0.7)

    shown = page(signed_in, REVIEW)
    signed_in.post(f"{REVIEW}suggestions/{other.pk}/", {"same": "0", "next": REVIEW})

    assert shown.index("93.4%") < shown.index("70.0%")
    assert "Suggestions 2" in shown
    assert "Suggestions 1" in page(signed_in, REVIEW)
    assert IdentityEdge.objects.get().verdict == "apart"
    again = signed_in.post(
        f"{REVIEW}suggestions/{other.pk}/", {"same": "1", "next": REVIEW}, follow=True
    )
    assert "answered this already" in again.content.decode()


def test_two_names_at_one_contact_are_answered(signed_in: Client, shop: Shop) -> None:
    declare(shop, 1, FIRST, SECOND)
    conflict = Conflict.objects.get()

    shown = page(signed_in, REVIEW)
    done = signed_in.post(
        f"{REVIEW}conflicts/{conflict.pk}/", {"same": "0", "next": REVIEW}, follow=True
    )

    assert "Two names, one contact 1" in shown
    assert "沈小姐" in shown
    assert "Birthday 1992-03-08" in shown
    assert "They are two members now." in done.content.decode()


def test_the_rule_of_keys_is_the_owners(client: Client, brand: Brand, shop: Shop) -> None:
    # given a key on eleven accounts
    bring(shop, *(row("", ("buyer_nick", f"n{n}"), ("phone", "+8619900000001")) for n in range(11)))
    operator, owner = make_staff(brand), make_staff(brand, role=Role.OWNER)
    client.cookies["django_language"] = "en"
    rule = {"kind": ["phone", "email"], "accounts_max": "20", "next": f"{REVIEW}?part=keys"}

    # when
    client.force_login(operator)
    shown = page(client, f"{REVIEW}?part=keys")
    refused = client.post(f"{REVIEW}policy/", rule)
    client.force_login(owner)
    saved = client.post(f"{REVIEW}policy/", rule, follow=True)

    # then
    assert "Phone **********0001 11" in shown
    assert "Only owners may change this." in shown
    assert refused.status_code == 403
    assert "No key is on too many accounts." in saved.content.decode()
    assert Member.objects.filter(merged_into__isnull=False).count() == 10


def test_analysts_do_not_decide(client: Client, brand: Brand, shop: Shop, home: Path) -> None:
    people.fill(brand, shop)
    client.force_login(make_staff(brand, role=Role.ANALYST))

    assert client.get(REVIEW).status_code == 403
    assert client.get(f"/members/{people.public_id(0)}/merge/").status_code == 403
    assert "merge/" not in client.get(f"/members/{people.public_id(0)}/").content.decode()


def test_another_brands_questions_are_out_of_reach(
    signed_in: Client, brand: Brand, shop: Shop
) -> None:
    elsewhere = make_shop(make_brand())
    declare(elsewhere, 1, FIRST, SECOND)
    a, b = bring(elsewhere, row("", ("buyer_nick", "a")), row("", ("buyer_nick", "b")))
    suggestion = Suggestion.objects.create(brand=elsewhere.brand, a_id=a, b_id=b, probability=0.9)

    signed_in.post(f"{REVIEW}suggestions/{suggestion.pk}/", {"same": "1"})
    signed_in.post(f"{REVIEW}conflicts/{Conflict.objects.get().pk}/", {"same": "0"})

    assert not IdentityEdge.objects.exists()
    stranger = Member.objects.get(pk=a).public_id
    assert signed_in.get(f"/members/{stranger}/merge/").status_code == 404
    first = f"/members/{people.public_id(0)}/"
    assert signed_in.post(f"{first}merge/", {"with": str(stranger)}).status_code == 404


def test_a_merge_is_audited_row_by_row(signed_in: Client, staff: Staff) -> None:
    first, second = ids()[:2]

    signed_in.post(f"/members/{people.public_id(0)}/merge/", {"with": str(people.public_id(1))})

    entry = AuditEntry.objects.get(table_name="members_member", actor_id=staff.pk)
    assert (entry.row_id, entry.changes) == (str(second), {"merged_into_id": [None, first]})
