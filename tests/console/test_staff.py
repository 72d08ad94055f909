"""The staff pages of an owner, and the audit log they leave."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils.translation import override
from procrastinate import testing
from procrastinate.contrib.django import app
from pytest_django import DjangoAssertNumQueries

from huitou.brands import lockouts
from huitou.brands.models import Brand, Role, Shop, Staff, StaffRole
from huitou.console.audit_job import check_as_job
from huitou.console.audit_words import Change, lines
from huitou.eventlog.models import AuditEntry
from huitou.jobs.models import Job
from huitou.jobs.services import create_job
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


def checked(owner: Client) -> str:
    """The audit page after a check somebody asked for has run."""
    with app.replace_connector(testing.InMemoryConnector()):
        owner.post("/audit/verify/")
    check_as_job(Job.objects.latest("id").pk)
    return text_of(owner.get("/audit/").content.decode())


@pytest.mark.django_db(transaction=True)
def test_a_check_of_the_log_is_a_job_with_progress(
    owner: Client, brand: Brand, staff: Staff
) -> None:
    # given
    owner.post(f"/staff/{staff.pk}/roles/", {"role": "analyst"})
    never = text_of(owner.get("/audit/").content.decode())
    queue = testing.InMemoryConnector()

    # when
    with app.replace_connector(queue):
        answers = [owner.post("/audit/verify/", headers={"HX-Request": "true"}) for _ in range(2)]

    # then
    assert "The log was never checked." in never
    job = Job.objects.get()
    assert (job.brand, job.kind, job.state) == (brand, "verify", "queued")
    assert [entry["args"] for entry in queue.jobs.values()] == [{"job_id": job.pk}]
    assert 'hx-trigger="every 1s"' in answers[1].content.decode()
    assert answers[0].headers["HX-Trigger"] == '{"jobs-changed": {}}'

    # when it has run
    verdict = check_as_job(job.pk)
    shown = owner.get("/audit/verify/", headers={"HX-Request": "true"}).content.decode()

    # then
    job.refresh_from_db()
    assert verdict.checked > 0
    assert (job.state, job.done, job.total) == ("done", verdict.checked, verdict.checked)
    assert f"verified up to entry {verdict.checked} at 20" in shown
    assert "hx-trigger" not in shown


def test_a_check_that_fails_says_so(
    owner: Client, brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    def broken(**options: object) -> None:
        raise OSError("no room left")

    monkeypatch.setattr("huitou.console.audit_job.check_log", broken)
    job = create_job(brand_id=brand.pk, kind="verify", subject="log")

    # when
    with pytest.raises(OSError, match="no room"):
        check_as_job(job.pk)

    # then
    assert "no room left" in text_of(owner.get("/audit/").content.decode())


@pytest.mark.django_db(transaction=True)
def test_the_log_says_who_changed_what_and_notices_tampering(
    owner: Client, brand: Brand, staff: Staff
) -> None:
    # given
    owner.post(f"/staff/{staff.pk}/roles/", {"role": "analyst"})

    # when
    log = text_of(owner.get("/audit/?table=brands_staffrole&actor=wang").content.decode())
    whole = checked(owner)
    tamper("update eventlog_auditentry set actor_name = 'li' where actor_name = 'wang'")
    broken = checked(owner)

    # then
    assert "Staff wang" in log
    assert "Role Operator → Analyst" in log
    assert "The log is whole" in whole
    assert "The log was tampered with at entry" in broken


def test_entries_are_told_in_names_and_choices_with_few_queries(
    brand: Brand, shop: Shop, staff: Staff, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # given
    keys = {"staff_id": [None, staff.pk], "brand_id": [None, brand.pk], "shop_id": [None, shop.pk]}
    created = AuditEntry(table_name="brands_staffrole", changes={**keys, "role": [None, "agent"]})
    shut = AuditEntry(
        table_name="brands_staff", changes={"is_active": [True, False], "password": ["***", "***"]}
    )
    gone = AuditEntry(table_name="brands_staffrole", changes={"staff_id": [-5, None]})
    looked = AuditEntry(table_name="members.phone", changes={"subjects": [7, 8]})

    # when
    with override("en"), django_assert_num_queries(3):
        told = lines([created, shut, gone, looked] * 20)

    # then
    assert told[0].shown == [
        Change("Brand", "–", brand.name),
        Change("Role", "–", "Service agent"),
        Change("Shop", "–", shop.name),
    ]
    assert told[0].folded == [Change("Staff", "–", staff.username)]
    assert told[1].shown == [Change("May sign in", "yes", "no"), Change("Password", "***", "***")]
    assert told[2].shown == [Change("Staff", "#-5", "–")]
    assert told[3].shown == [Change("Whose", "–", "7, 8")]


def test_the_log_of_another_brand_is_out_of_sight(owner: Client, brand: Brand) -> None:
    other = make_brand(name="Elsewhere")
    Brand.objects.filter(pk=other.pk).update(name="Elsewhere too")

    assert "Elsewhere" not in owner.get("/audit/").content.decode()
