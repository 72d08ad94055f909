"""One person over the brands of a group: for people of the group only, and on record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from huitou.brands.models import Brand, Group, GroupRole, Role, Shop, Staff, StaffRole
from huitou.eventlog.models import AuditEntry
from huitou.members.models import Identity, Member
from tests.console import people
from tests.console.test_members_list import text_of
from tests.factories import make_brand, make_identity, make_shop, make_staff

PAGE = f"/members/{people.public_id(0)}/brands/"
MEMBER = f"/members/{people.public_id(0)}/"
PHONE = "+8619900000001"


@pytest.fixture
def group(home: Path, brand: Brand, shop: Shop) -> Group:
    """A group of ``brand`` and a dollar brand, which know the first member by one phone."""
    group = Group.objects.create(slug="house", name="House")
    other = make_brand(group=group, name="Nordlys", slug="nordlys", currency="USD")
    Brand.objects.filter(pk=brand.pk).update(group=group, name="Qinghe")
    make_shop(other)
    mira = Member.objects.create(brand=other, name="Mira")
    people.fill(brand, shop)
    first = Member.objects.get(public_id=people.public_id(0))
    for person in (mira, first):
        make_identity(
            brand=person.brand, member=person, platform="taobao", kind="phone", value=PHONE
        )
    return group


@pytest.fixture
def sign_in(client: Client, brand: Brand) -> Callable[[Staff], Client]:
    """Signs somebody in who reads English and looks at ``brand``."""

    def signed_in(staff: Staff) -> Client:
        client.force_login(staff)
        client.cookies["django_language"] = "en"
        client.post("/scope/", {"brand": brand.slug})
        return client

    return signed_in


def of_group(group: Group, role: Role = Role.OPERATOR) -> Staff:
    """Somebody with a role on the group alone."""
    staff = make_staff()
    GroupRole.objects.create(staff=staff, group=group, role=role)
    return staff


def test_people_of_the_group_see_a_person_in_each_brand(
    sign_in: Callable[[Staff], Client], group: Group, brand: Brand
) -> None:
    # given
    staff = of_group(group)
    client = sign_in(staff)
    mira = Member.objects.get(name="Mira")

    # when
    card = client.get(MEMBER)
    shown = client.post(PAGE)

    # then
    assert "Look in the other brands" in card.content.decode()
    assert shown.status_code == 200
    text = text_of(shown.content.decode())
    assert "Qinghe" in text
    assert "3 orders, 3 purchases" in text
    assert "¥600.00" in text
    assert f"{mira.public_id.hex[:8].upper()} · Mira" in text
    assert "$0.00" in text
    assert "Switch to Nordlys and open there" in text
    assert f"/members/{mira.public_id}/" in shown.content.decode()

    # and it is on record where the other brand looks
    entry = AuditEntry.objects.get(table_name="members.elsewhere")
    assert (entry.brand_id, entry.actor_name) == (mira.brand_id, staff.username)
    assert entry.changes == {"subjects": [mira.pk]}
    assert entry.reason == f"Qinghe {people.public_id(0).hex[:8].upper()}"


def test_the_page_by_itself_asks_first(sign_in: Callable[[Staff], Client], group: Group) -> None:
    shown = sign_in(of_group(group)).get(PAGE).content.decode()

    assert "Look in the other brands" in shown
    assert "Mira" not in shown
    assert not AuditEntry.objects.filter(table_name="members.elsewhere").exists()


def test_switching_opens_the_member_there(sign_in: Callable[[Staff], Client], group: Group) -> None:
    client = sign_in(of_group(group))
    there = f"/members/{Member.objects.get(name='Mira').public_id}/"

    opened = client.post("/scope/", {"brand": "nordlys", "next": there}, follow=True)

    assert opened.request["PATH_INFO"] == there
    assert "Mira" in opened.content.decode()


def test_a_look_that_finds_nobody_leaves_no_entry(
    sign_in: Callable[[Staff], Client], group: Group
) -> None:
    Identity.objects.filter(brand__slug="nordlys").delete()

    shown = sign_in(of_group(group)).post(PAGE)

    assert "No other brand of the group knows this person" in shown.content.decode()
    assert not AuditEntry.objects.filter(table_name="members.elsewhere").exists()


def owner_of_one(group: Group, brand: Brand) -> Staff:
    return make_staff(brand, role=Role.OWNER)


def owner_of_both(group: Group, brand: Brand) -> Staff:
    staff = make_staff(brand, role=Role.OWNER)
    StaffRole.objects.create(staff=staff, brand=Brand.objects.get(slug="nordlys"), role=Role.OWNER)
    return staff


def of_another_group(group: Group, brand: Brand) -> Staff:
    staff = make_staff(brand, role=Role.OWNER)
    GroupRole.objects.create(
        staff=staff, group=Group.objects.create(slug="yard", name="Yard"), role=Role.OWNER
    )
    return staff


def limited_here(group: Group, brand: Brand) -> Staff:
    staff = of_group(group, Role.OWNER)
    shop = Shop.objects.get(brand=brand)
    StaffRole.objects.create(staff=staff, brand=brand, shop=shop, role=Role.OWNER)
    return staff


@pytest.mark.parametrize("who", [owner_of_one, owner_of_both, of_another_group, limited_here])
def test_others_see_no_card_and_are_refused(
    sign_in: Callable[[Staff], Client],
    group: Group,
    brand: Brand,
    who: Callable[[Group, Brand], Staff],
) -> None:
    # given
    client = sign_in(who(group, brand))

    # when
    card, refused, asked = client.get(MEMBER), client.post(PAGE), client.get(PAGE)

    # then
    assert card.status_code == 200
    assert 'id="elsewhere"' not in card.content.decode()
    assert (refused.status_code, asked.status_code) == (403, 403)
    assert (
        "Nordlys" not in refused.content.decode().replace('value="nordlys"', "").split("<main")[1]
    )
    assert not AuditEntry.objects.filter(table_name="members.elsewhere").exists()


@pytest.mark.parametrize("role", [Role.FINANCE, Role.DEVELOPER])
def test_a_role_on_the_group_that_sees_no_members_is_refused(
    sign_in: Callable[[Staff], Client], group: Group, role: Role
) -> None:
    assert sign_in(of_group(group, role)).post(PAGE).status_code == 403


def test_a_brand_that_limits_the_person_is_left_out(
    sign_in: Callable[[Staff], Client], group: Group
) -> None:
    # given a third brand, and a role limited to a shop in the second
    third = make_brand(group=group, name="Third")
    nordlys = Brand.objects.get(slug="nordlys")
    staff = of_group(group)
    StaffRole.objects.create(
        staff=staff, brand=nordlys, shop=Shop.objects.get(brand=nordlys), role=Role.OWNER
    )

    # when
    shown = sign_in(staff).post(PAGE)

    # then
    assert third.name not in shown.content.decode().split("<main")[1]
    assert "Mira" not in shown.content.decode()


def test_a_member_of_another_brand_is_not_there(
    sign_in: Callable[[Staff], Client], group: Group
) -> None:
    mira = Member.objects.get(name="Mira")

    assert sign_in(of_group(group)).post(f"/members/{mira.public_id}/brands/").status_code == 404


def test_a_member_page_without_a_group_asks_nothing_more(
    client: Client, home: Path, brand: Brand, shop: Shop, staff: Staff
) -> None:
    people.fill(brand, shop)
    client.force_login(staff)

    assert 'id="elsewhere"' not in client.get(MEMBER).content.decode()
    assert client.post(PAGE).status_code == 403
