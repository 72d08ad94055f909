"""Accounts come together as persons by keys and decisions, and apart again."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from django.db import ProgrammingError, connection, transaction

from huitou.brands.models import Brand, Shop
from huitou.eventlog.models import Event
from huitou.ingest.records import CUSTOMERS
from huitou.kernel.errors import RefusedInputError
from huitou.members import decisions, queries, services
from huitou.members.models import Conflict, Identity, IdentityEdge, Member, OverusedKey, Suggestion
from tests.factories import make_shop

NOW = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)


def row(name: str = "", *keys: tuple[str, str], reached: tuple[str, str] | None = None) -> dict:
    """A row of people: a name, identifiers, and a (name, phone) somebody is reached at."""
    values: dict[str, Any] = {"name": name}
    for rank, (kind, value) in enumerate(keys, start=1):
        values |= {f"id{rank}_kind": kind, f"id{rank}_value": value}
    values["reached_name"], values["reached_phone"] = reached or (None, None)
    return values


SCHEMA = pa.schema([*CUSTOMERS, ("reached_name", pa.string()), ("reached_phone", pa.string())])


def bring(shop: Shop, *rows: dict[str, Any], ref: int | None = None) -> list[int]:
    """Resolve rows of a shop; returns the account of each."""
    people = pa.Table.from_pylist(list(rows), schema=SCHEMA)
    with transaction.atomic():
        resolved = services.resolve_people(
            brand_id=shop.brand_id,
            shop_id=shop.pk,
            platform=shop.platform,
            source_ref=ref,
            people=people,
            origin="backfill",
            now=NOW,
        )
    return resolved.member_ids.tolist()


def persons(accounts: Sequence[int]) -> list[int]:
    """The person of each account."""
    found = {m.pk: m.merged_into_id or m.pk for m in Member.objects.filter(pk__in=accounts)}
    return [found[account] for account in accounts]


@pytest.fixture
def jd(shop: Shop) -> Shop:
    """A JD shop of the same brand."""
    return make_shop(shop.brand, platform="jd")


@pytest.fixture
def pos(shop: Shop) -> Shop:
    """A shop in the street of the same brand."""
    return make_shop(shop.brand, platform="offline")


def test_a_name_with_a_phone_joins_platforms_and_the_evidence_says_so(shop: Shop, jd: Shop) -> None:
    # when
    (taobao,) = bring(shop, row("", ("buyer_nick", "n"), reached=("沈知夏", "+861")), ref=7)
    (other,) = bring(jd, row("", ("account", "j"), reached=("沈 知夏", "+861")), ref=8)

    # then
    assert persons([taobao, other]) == [taobao, taobao]
    edge = IdentityEdge.objects.get()
    assert (edge.a_id, edge.b_id, edge.verdict, edge.rule) == (taobao, other, "same", "named_phone")
    assert (edge.source_ref, edge.confidence, edge.actor_id, edge.at) == (8, 1.0, None, NOW)
    assert len(edge.key_hash) == 64
    news = Event.objects.get(kind="members.members_merged")
    assert (news.subject_ids, news.origin) == ([other], "backfill")


def test_a_parcel_for_somebody_else_joins_nobody(shop: Shop, jd: Shop) -> None:
    # a daughter sends to her mother's phone, who is a customer on her own
    accounts = bring(shop, row("", ("buyer_nick", "n"), reached=("沈知夏", "+861")))
    accounts += bring(jd, row("", ("phone", "+861"), reached=("林玉", "+861")))

    assert persons(accounts) == accounts


def test_a_key_on_too_many_accounts_stops_merging_and_says_so(shop: Shop, brand: Brand) -> None:
    # given: a parcel locker's phone
    rows = [row("", ("buyer_nick", f"n{n}"), ("phone", "+861")) for n in range(11)]

    # when: ten accounts are one person, the eleventh sets all of them free
    ten = bring(shop, *rows[:10])
    together = persons(ten)
    bring(shop, rows[10])

    # then
    assert together == [ten[0]] * 10
    assert persons(ten) == ten
    assert OverusedKey.objects.get(brand=brand).identity.clear == "+861"
    parted = Event.objects.get(kind="members.members_parted")
    assert parted.subject_ids == ten[1:]
    assert set(IdentityEdge.objects.filter(verdict="apart").values_list("rule", flat=True)) == {
        "overused"
    }


def test_the_policy_of_a_brand_decides_which_keys_merge(shop: Shop, jd: Shop) -> None:
    # given
    accounts = bring(shop, row("", ("buyer_nick", "n"), ("email", "a@example.com")))
    accounts += bring(jd, row("", ("account", "j"), ("email", "a@example.com")))
    assert persons(accounts) == [accounts[0]] * 2

    # when
    decisions.set_policy(brand_id=shop.brand_id, kinds=["phone"], accounts_max=5, now=NOW)

    # then
    assert persons(accounts) == accounts
    decisions.set_policy(brand_id=shop.brand_id, kinds=["email"], accounts_max=5, now=NOW)
    assert persons(accounts) == [accounts[0]] * 2
    with pytest.raises(RefusedInputError, match="no kind of key"):
        decisions.set_policy(brand_id=shop.brand_id, kinds=["star sign"], accounts_max=5, now=NOW)


def test_split_takes_back_a_merge_exactly(shop: Shop, jd: Shop, pos: Shop) -> None:
    # given: two persons of two accounts each
    a = bring(shop, row("", ("buyer_nick", "a"), ("phone", "+861")))
    a += bring(jd, row("", ("account", "a"), ("phone", "+861")))
    b = bring(shop, row("", ("buyer_nick", "b"), ("phone", "+862")))
    b += bring(pos, row("", ("card_number", "9"), ("phone", "+862")))
    before = persons([*a, *b])

    # when
    merged = decisions.merge(
        brand_id=shop.brand_id, member_ids=[b[1], a[0]], reason="called us", actor_id=None, now=NOW
    )
    together = persons([*a, *b])
    parted = decisions.split(
        brand_id=shop.brand_id, account_ids=b, reason="twins", actor_id=None, now=NOW
    )

    # then
    assert (merged, together) == (a[0], [a[0]] * 4)
    assert (parted, persons([*a, *b])) == (b[0], before)
    # and a merge once more lifts the decision, and so on
    decisions.merge(brand_id=shop.brand_id, member_ids=[*b, *a], reason="", actor_id=None, now=NOW)
    assert persons([*a, *b]) == [a[0]] * 4


def test_accounts_parted_by_people_stay_apart_whatever_files_say(shop: Shop, jd: Shop) -> None:
    # given
    accounts = bring(shop, row("", ("buyer_nick", "a"), ("phone", "+861")))
    accounts += bring(jd, row("", ("account", "b"), ("phone", "+861")))
    decisions.split(
        brand_id=shop.brand_id, account_ids=accounts[1:], reason="", actor_id=None, now=NOW
    )

    # when: another key says they are one, and a third account has it too
    bring(shop, row("", ("buyer_nick", "a"), ("email", "x@example.com")))
    bring(jd, row("", ("account", "b"), ("email", "x@example.com")))
    accounts += bring(jd, row("", ("account", "c"), ("email", "x@example.com")))

    # then: the third is with one of them only
    found = persons(accounts)
    assert found[0] != found[1]
    assert found[2] in found[:2]


def test_what_cannot_be_decided_is_refused(shop: Shop, jd: Shop) -> None:
    a, b = bring(shop, row("", ("buyer_nick", "a")), row("", ("buyer_nick", "b")))
    stranger = bring(make_shop(), row("", ("buyer_nick", "a")))[0]

    def refusal(call: Any, **values: Any) -> str:
        with pytest.raises(RefusedInputError) as refused:
            call(brand_id=shop.brand_id, reason="", actor_id=None, now=NOW, **values)
        return refused.value.code

    assert refusal(decisions.merge, member_ids=[a]) == "NOTHING_TO_MERGE"
    assert refusal(decisions.merge, member_ids=[a, stranger]) == "UNKNOWN_MEMBER"
    assert refusal(decisions.split, account_ids=[a, b]) == "NOT_ONE_PERSON"
    assert refusal(decisions.split, account_ids=[a]) == "NOTHING_TO_SPLIT"
    assert persons([a, b]) == [a, b]


def test_evidence_is_never_changed(shop: Shop) -> None:
    a, b = bring(shop, row("", ("buyer_nick", "a")), row("", ("buyer_nick", "b")))
    decisions.merge(brand_id=shop.brand_id, member_ids=[a, b], reason="", actor_id=None, now=NOW)

    with pytest.raises(ProgrammingError, match="append another edge"), transaction.atomic():
        IdentityEdge.objects.update(confidence=0.5)


def test_undoing_a_source_parts_whom_only_it_joined(shop: Shop, jd: Shop, pos: Shop) -> None:
    # given: the file of 2 is all that joins 1 and 3
    accounts = bring(shop, row("", ("buyer_nick", "a"), ("phone", "+861")), ref=1)
    accounts += bring(pos, row("", ("card_number", "9"), ("email", "x@example.com")), ref=3)
    (bridge,) = bring(
        jd, row("", ("account", "b"), ("phone", "+861"), ("email", "x@example.com")), ref=2
    )
    assert persons([*accounts, bridge]) == [accounts[0]] * 3

    # when
    removed = services.undo(brand_id=shop.brand_id, source_ref=2, in_use=[], now=NOW)

    # then
    assert removed == 1
    assert persons(accounts) == accounts
    assert not Member.objects.filter(pk=bridge).exists()


def test_undoing_the_source_of_the_oldest_account_leaves_the_others_together(
    shop: Shop, jd: Shop, pos: Shop
) -> None:
    (oldest,) = bring(shop, row("", ("buyer_nick", "a"), ("phone", "+861")), ref=1)
    rest = bring(jd, row("", ("account", "b"), ("phone", "+861")), ref=2)
    rest += bring(pos, row("", ("card_number", "9"), ("phone", "+861")), ref=3)
    assert persons(rest) == [oldest, oldest]

    services.undo(brand_id=shop.brand_id, source_ref=1, in_use=[], now=NOW)

    assert persons(rest) == [rest[0], rest[0]]


PEOPLE = (
    ("shop", row("", ("buyer_nick", "a"), ("payment_account", "p"), reached=("沈知夏", "+861"))),
    ("jd", row("", ("account", "b"), ("phone", "+862"), reached=("沈知夏", "+861"))),
    ("pos", row("", ("phone", "+862"), ("email", "x@example.com"))),
    ("jd", row("", ("account", "c"), ("email", "x@example.com"))),
    ("pos", row("", ("card_number", "7"), ("unionid", "u"))),
)


@pytest.mark.parametrize("order", list(itertools.permutations(range(len(PEOPLE))))[::7])
def test_the_order_of_arrival_does_not_matter(
    shop: Shop, jd: Shop, pos: Shop, order: tuple[int, ...]
) -> None:
    shops = {"shop": shop, "jd": jd, "pos": pos}

    accounts = {n: bring(shops[PEOPLE[n][0]], PEOPLE[n][1])[0] for n in order}

    found = dict(zip(accounts, persons(list(accounts.values())), strict=True))
    assert found[0] == found[1] == found[2] == found[3] == min(accounts[n] for n in range(4))
    assert found[4] == accounts[4]


# Conflicts: a file that calls two customers by one phone.


def declare(shop: Shop, ref: int, *rows: dict[str, Any]) -> None:
    """A customer file."""
    people = pa.Table.from_pylist(list(rows), schema=SCHEMA)
    with transaction.atomic():
        resolved = services.resolve_people(
            brand_id=shop.brand_id,
            shop_id=shop.pk,
            platform=shop.platform,
            source_ref=ref,
            people=people,
            origin="backfill",
            now=NOW,
        )
        services.record_profiles(
            brand_id=shop.brand_id,
            source_ref=ref,
            people=people,
            resolved=resolved,
            origin="backfill",
            now=NOW,
        )


FIRST = row("沈知夏", ("phone", "+861"))
SECOND = {**row("沈小姐", ("phone", "+861")), "birthday": date(1992, 3, 8)}


@pytest.mark.parametrize("chunks", [[[FIRST, SECOND]], [[FIRST], [SECOND]]])
def test_two_names_at_one_phone_wait_for_an_answer(shop: Shop, chunks: list[list[dict]]) -> None:
    # when: in one chunk of a file or in two, and once more
    for rows in [*chunks, *chunks]:
        declare(shop, 1, *rows)
    for rows in chunks:
        declare(shop, 2, *rows)

    # then: nothing is guessed, nothing is lost, nothing is asked twice
    member = Member.objects.get()
    assert (member.name, member.birthday) == ("沈知夏", None)
    conflict = Conflict.objects.get()
    assert (conflict.member_id, conflict.name, conflict.state) == (member.pk, "沈小姐", "open")
    assert conflict.said == {"name": "沈小姐", "birthday": "1992-03-08"}


def test_a_new_name_in_a_later_file_is_that_persons_new_name(shop: Shop) -> None:
    declare(shop, 1, FIRST)
    declare(shop, 2, SECOND)

    assert Member.objects.get().name == "沈小姐"
    assert not Conflict.objects.exists()


def test_two_people_at_one_phone_have_an_account_each_from_then_on(shop: Shop) -> None:
    # given
    declare(shop, 1, FIRST, SECOND)
    conflict = Conflict.objects.get()

    # when
    other = decisions.answer_conflict(
        brand_id=shop.brand_id, conflict_id=conflict.pk, same=False, actor_id=None, now=NOW
    )
    again = bring(shop, SECOND, FIRST, row("", ("phone", "+861")), ref=5)
    declare(shop, 6, FIRST, SECOND)

    # then
    assert other is not None
    assert (again, persons(again)) == ([other, conflict.member_id, conflict.member_id],) * 2
    assert Member.objects.get(pk=other).birthday == date(1992, 3, 8)
    assert list(Member.objects.order_by("id").values_list("name", flat=True)) == [
        "沈知夏",
        "沈小姐",
    ]
    with pytest.raises(RefusedInputError, match="answered"):
        decisions.answer_conflict(
            brand_id=shop.brand_id, conflict_id=conflict.pk, same=True, actor_id=None, now=NOW
        )


def test_one_person_with_two_names_is_asked_about_once(shop: Shop) -> None:
    declare(shop, 1, FIRST, SECOND)

    decisions.answer_conflict(
        brand_id=shop.brand_id,
        conflict_id=Conflict.objects.get().pk,
        same=True,
        actor_id=None,
        now=NOW,
    )
    declare(shop, 2, FIRST, SECOND)

    member = Member.objects.get()
    assert (member.name, member.birthday) == ("沈知夏", date(1992, 3, 8))
    assert Conflict.objects.get().state == "same"


# Suggestions.


@pytest.mark.parametrize(("same", "together"), [(True, True), (False, False)])
def test_a_suggestion_is_followed_or_never_made_true_by_keys(
    shop: Shop, jd: Shop, *, same: bool, together: bool
) -> None:
    accounts = bring(shop, row("", ("buyer_nick", "a"))) + bring(jd, row("", ("account", "b")))
    suggestion = Suggestion.objects.create(
        brand=shop.brand, a_id=accounts[0], b_id=accounts[1], probability=0.93
    )

    decisions.answer_suggestion(
        brand_id=shop.brand_id, suggestion_id=suggestion.pk, same=same, actor_id=None, now=NOW
    )
    bring(shop, row("", ("buyer_nick", "a"), ("phone", "+861")))
    bring(jd, row("", ("account", "b"), ("phone", "+861")))

    assert (persons(accounts) == [accounts[0]] * 2) == together
    edge = IdentityEdge.objects.order_by("id").first()
    assert edge is not None
    assert (edge.rule, round(edge.confidence, 2)) == ("suggestion", 0.93 if same else 0.07)


# What a person looks like over their accounts.


def test_a_profile_takes_each_thing_from_the_first_account_that_says_it(
    shop: Shop, jd: Shop
) -> None:
    a = bring(shop, {**row("沈**", ("buyer_nick", "a"), ("phone", "+861")), "phone": "199****0001"})
    b = bring(
        jd,
        {
            **row("沈知夏", ("account", "b"), ("phone", "+861")),
            "phone": "19900000001",
            "province": "浙江省",
            "city": "杭州市",
        },
    )

    (profile,) = queries.profiles(shop.brand_id, a).values()

    assert (profile.name, profile.phone, profile.city) == ("沈知夏", "*******0001", "杭州市")
    assert queries.accounts_of(shop.brand_id, a) == {a[0]: [a[0], b[0]]}
    assert queries.persons_of(shop.brand_id, b) == {b[0]: a[0]}
    assert queries.search(shop.brand_id, "沈知夏", 5) == a
    merged = Member.objects.get(pk=b[0])
    found = queries.member_by_public_id(shop.brand_id, merged.public_id)
    assert found is not None
    assert found.id == a[0]
    kinds = [(i.account_id, i.kind) for i in queries.identities(shop.brand_id, a)[a[0]]]
    assert kinds == [(b[0], "account"), (b[0], "phone"), (a[0], "buyer_nick"), (a[0], "phone")]


def test_only_the_components_of_new_keys_are_read_again(shop: Shop, jd: Shop) -> None:
    # given: many persons
    bring(shop, *(row("", ("buyer_nick", f"n{n}"), ("phone", f"+86{n}")) for n in range(50)))
    bring(jd, *(row("", ("account", f"j{n}"), ("phone", f"+86{n}")) for n in range(50)))
    written = Identity.objects.count()

    # when
    bring(jd, row("", ("account", "new"), ("phone", "+867")))

    # then: one account was written to
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from members_member where merged_into_id is not null")
        assert cursor.fetchone() == (51,)
    assert Identity.objects.count() == written + 2
    assert Event.objects.filter(kind="members.members_merged").last().subject_ids == [
        Member.objects.latest("id").pk
    ]
