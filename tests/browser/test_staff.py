"""Staff, the audit log, one's own account and signing in by code, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from huitou.brands import lockouts, staffing
from huitou.brands.models import Authenticator, Brand, Role, Shop, Staff, StaffRole
from huitou.brands.second_factor import _secret
from huitou.console.audit_job import check_as_job
from huitou.eventlog.audit import Actor, acting
from huitou.jobs.models import Job
from tests.browser.test_imports import LOOKS, assert_clean
from tests.factories import make_shop, make_staff

Visits = Callable[..., Any]
PAGES = ("staff", "person", "audit", "account", "second-factor")


@pytest.fixture
def brand(transactional_db: None, home: Path, brand: Brand) -> Brand:
    """A brand in a database the browser's server sees too."""
    return brand


@pytest.fixture
def owner(brand: Brand, shop: Shop) -> Staff:
    """An owner with colleagues in every state, and changes in the log."""
    owner = make_staff(brand, role=Role.OWNER, username="wang", display_name="王掌柜")
    make_shop(brand, name="Second shop")
    agent = make_staff(username="linxi", display_name="林夕")
    make_staff(brand, role=Role.ANALYST, username="gone", is_active=False)
    with acting(Actor("staff", owner.pk, "wang", brand=brand.pk)):
        StaffRole.objects.create(staff=agent, brand=brand, shop=shop, role="agent")
        StaffRole.objects.filter(staff=agent).update(role="operator")
        Brand.objects.filter(pk=brand.pk).update(name="Qinghe Tea")
    return owner


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_the_pages_are_clean_in_every_look(
    visit: Visits, owner: Staff, language: str, theme: str, width: int
) -> None:
    seen = visit(owner, language=language, theme=theme, width=width)
    agent = Staff.objects.get(username="linxi")
    addresses = (
        "/staff/",
        f"/staff/{agent.pk}/",
        "/audit/",
        "/account/",
        "/account/second-factor/",
    )

    for name, address in zip(PAGES, addresses, strict=True):
        seen.open(address)
        seen.shot(f"{name}-{language}-{theme}-{width}")
        assert_clean(seen)


def test_an_authenticator_is_set_up_and_asked_for(visit: Visits, owner: Staff) -> None:
    # given
    seen = visit(owner)
    page = seen.open("/account/second-factor/")
    app = TOTP(_secret(Authenticator.objects.get(staff=owner)), 6, SHA1(), 30)

    # when
    now = int(datetime.now(UTC).timestamp())
    page.fill("#code", app.generate(now).decode())
    page.click("text=Turn on")
    page.wait_for_selector("text=I have kept them")

    # then
    seen.shot("recovery-codes")
    assert page.locator(".ec-codes-once code").count() == 10
    assert_clean(seen)

    # when
    stranger = visit(None)
    page = stranger.open("/login/")
    page.fill("#id_username", "wang")
    page.fill("#id_password", "password")
    page.click("main button.btn-primary")
    page.wait_for_selector("#id_code")
    stranger.shot("login-code")
    assert_clean(stranger)
    page.fill("#id_code", app.generate(now + 30).decode())
    page.click("main button.btn-primary")

    # then
    page.wait_for_selector(".ec-head")
    assert "/login" not in page.url


def test_a_locked_account_is_told_until_when(visit: Visits, owner: Staff) -> None:
    for _number in range(lockouts.ACCOUNT_FREE):
        lockouts.claim_attempt(lockouts.account_door("wang"), now=datetime.now(UTC))
    seen = visit(None, width=390)
    page = seen.open("/login/")

    page.fill("#id_username", "wang")
    page.fill("#id_password", "password")
    page.click("main button.btn-primary")

    page.wait_for_selector("text=(UTC+08:00)")
    seen.shot("login-locked")
    assert seen.violations() == []
    assert seen.accessibility() == []


def test_the_log_is_verified_without_leaving_the_page(visit: Visits, owner: Staff) -> None:
    # given
    seen = visit(owner)
    page = seen.open("/audit/")

    # when
    page.click("text=Is the log whole?")

    # then
    page.wait_for_selector("text=Checking whether the log is whole")
    seen.shot("audit-checking")
    assert_clean(seen)

    # when the worker has done it, the page learns of it by itself
    check_as_job(Job.objects.latest("id").pk)
    page.wait_for_selector("text=The log is whole")
    seen.shot("audit-whole")
    assert_clean(seen)


def test_a_link_sets_a_password(visit: Visits, owner: Staff) -> None:
    token = staffing.make_link(staff=Staff.objects.get(username="linxi"), now=datetime.now(UTC))
    seen = visit(None)
    page = seen.open(f"/login/link/{token}/")

    page.fill("#id_password", "correct horse 7")
    page.click("text=Save and sign in")

    page.wait_for_selector("#id_username")
    assert_clean(seen)
