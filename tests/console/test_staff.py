"""The staff pages of an owner, and the audit log they leave."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from huitou.brands import lockouts
from huitou.brands.models import Brand, Role, Shop, Staff, StaffRole
from tests.console.test_members_list import text_of
from tests.eventlog.test_audit_chain import tamper
from tests.factories import make_brand, make_staff


@pytest.fixture
def owner(client: Client, brand: Brand) -> Client:
    """An owner reading English."""
    client.force_login(make_staff(brand, role=Role.OWNER, username="wang"))
    client.cookies["django_language"] = "en"
    return client


def test_a_person_is_invited_by_a_link_shown_once(owner: Client, brand: Brand, shop: Shop) -> None:
    # when
    page = owner.post(
        "/staff/invite/",
        {"username": "linxi", "display_name": "林夕", "role": "agent", "shop": shop.slug},
    ).content.decode()

    # then
    token = re.search(r"/login/link/([\w-]+)/", page)
    assert token
    role = StaffRole.objects.get(staff__username="linxi")
    assert (role.brand, role.shop, role.role) == (brand, shop, "agent")
    answer = Client().post(f"/login/link/{token[1]}/", {"password": "correct horse 7"})
    assert answer.headers["Location"] == "/login/"
    assert "林夕 linxi Service agent" in text_of(owner.get("/staff/").content.decode())


def test_roles_are_changed_and_taken_away(owner: Client, brand: Brand, staff: Staff) -> None:
    owner.post(f"/staff/{staff.pk}/roles/", {"role": "analyst"})
    assert StaffRole.objects.get(staff=staff).role == "analyst"

    owner.post(f"/staff/{staff.pk}/roles/", {"role": ""})
    assert not StaffRole.objects.filter(staff=staff).exists()


def test_nobody_changes_their_own_role_or_a_stranger(owner: Client, brand: Brand) -> None:
    me = Staff.objects.get(username="wang")
    stranger = make_staff(make_brand())

    owner.post(f"/staff/{me.pk}/roles/", {"role": "analyst"})

    assert StaffRole.objects.get(staff=me).role == "owner"
    assert owner.get(f"/staff/{stranger.pk}/").status_code == 404
    assert owner.post(f"/staff/{stranger.pk}/roles/", {"role": "owner"}).status_code == 404


def test_an_account_that_reaches_into_another_brand_is_not_touched(
    owner: Client, brand: Brand, staff: Staff
) -> None:
    StaffRole.objects.create(staff=staff, brand=make_brand(), role="operator")

    owner.post(f"/staff/{staff.pk}/account/", {"what": "deactivate"})

    staff.refresh_from_db()
    assert staff.is_active


def test_deactivating_ends_sessions_and_unlocking_forgets_failures(
    owner: Client, staff: Staff
) -> None:
    # given
    browser = Client()
    browser.post("/login/", {"username": staff.username, "password": "password"})
    for _number in range(lockouts.ACCOUNT_FREE):
        Client().post("/login/", {"username": staff.username, "password": "wrong"})
    locked = text_of(owner.get("/staff/").content.decode())

    # when
    owner.post(f"/staff/{staff.pk}/account/", {"what": "unlock"})
    owner.post(f"/staff/{staff.pk}/account/", {"what": "deactivate"})

    # then
    assert "locked for a while" in locked
    assert browser.get("/account/").status_code == 302
    shown = text_of(owner.get("/staff/").content.decode())
    assert "deactivated" in shown
    assert "locked for a while" not in shown


@pytest.mark.django_db(transaction=True)
def test_the_log_says_who_changed_what_and_notices_tampering(
    owner: Client, brand: Brand, staff: Staff
) -> None:
    # given
    owner.post(f"/staff/{staff.pk}/roles/", {"role": "analyst"})

    # when
    log = text_of(owner.get("/audit/?table=brands_staffrole&actor=wang").content.decode())
    whole = text_of(owner.post("/audit/verify/").content.decode())
    tamper("update eventlog_auditentry set actor_name = 'li' where actor_name = 'wang'")
    broken = text_of(owner.post("/audit/verify/").content.decode())

    # then
    assert "Staff wang" in log
    assert "role analyst" in log
    assert "The log is whole" in whole
    assert "The log was tampered with at entry" in broken


def test_the_log_of_another_brand_is_out_of_sight(owner: Client, brand: Brand) -> None:
    other = make_brand(name="Elsewhere")
    Brand.objects.filter(pk=other.pk).update(name="Elsewhere too")

    assert "Elsewhere" not in owner.get("/audit/").content.decode()
