"""Signing in: password, code, waits after failures, links, and the brand that asks for a code."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.test import Client
from django.utils.translation import override

from huitou.brands import lockouts, second_factor, staffing
from huitou.brands.models import Authenticator, Brand, Staff, StaffSession
from huitou.brands.second_factor import _secret
from huitou.console.waits import wait_text
from tests.factories import make_staff

LOGIN = {"password": "password"}


def code_of(staff: Staff, *, later: int = 0) -> str:
    """What the person's app shows now, or ``later`` steps from now."""
    secret = _secret(Authenticator.objects.get(staff=staff))
    now = datetime.now(UTC) + timedelta(seconds=30 * later)
    return TOTP(secret, 6, SHA1(), 30).generate(int(now.timestamp())).decode()


@pytest.fixture
def careful(staff: Staff) -> tuple[Staff, list[str]]:
    """A person with an authenticator, and their recovery codes."""
    second_factor.begin_set_up(staff=staff)
    now = datetime.now(UTC) - timedelta(seconds=30)
    earlier = TOTP(_secret(Authenticator.objects.get(staff=staff)), 6, SHA1(), 30)
    code = earlier.generate(int(now.timestamp())).decode()
    return staff, second_factor.confirm_set_up(staff=staff, code=code, now=now)


def test_a_password_signs_in_and_the_session_is_listed(client: Client, staff: Staff) -> None:
    done = client.post(
        "/login/",
        {"username": staff.username, "next": "/members/", **LOGIN},
        headers={"user-agent": "Firefox"},
    )

    assert done.headers["Location"] == "/members/"
    session = StaffSession.objects.get(staff=staff)
    assert (session.agent, session.address) == ("Firefox", "127.0.0.1")
    assert "Firefox" in client.get("/account/").content.decode()


def test_the_next_page_is_never_another_site(client: Client, staff: Staff) -> None:
    done = client.post(
        "/login/", {"username": staff.username, "next": "https://evil.example/", **LOGIN}
    )

    assert done.headers["Location"] == "/"


def test_failures_make_the_account_wait_even_with_the_right_password(
    client: Client, staff: Staff
) -> None:
    wrong = {"username": staff.username, "password": "wrong"}
    answers = [client.post("/login/", wrong).status_code for _ in range(lockouts.ACCOUNT_FREE + 1)]

    right = client.post("/login/", {"username": staff.username.upper(), **LOGIN})

    assert answers == [200] * lockouts.ACCOUNT_FREE + [429]
    assert right.status_code == 429
    assert re.search(r"1 分钟后再试：\d\d:\d\d:\d\d（UTC\+08:00）", right.content.decode())
    # and somebody else may sign in
    other = make_staff()
    assert client.post("/login/", {"username": other.username, **LOGIN}).status_code == 302


def test_a_code_is_asked_for_and_good_once(
    client: Client, careful: tuple[Staff, list[str]]
) -> None:
    staff, _ = careful
    code = code_of(staff)

    first = client.post("/login/", {"username": staff.username, "next": "/imports/", **LOGIN})
    inside = client.get("/").status_code
    wrong = client.post("/login/code/", {"code": "000000"})
    done = client.post("/login/code/", {"code": code})

    assert first.headers["Location"] == "/login/code/"
    assert inside == 302  # not in yet
    assert wrong.status_code == 200
    assert done.headers["Location"] == "/imports/"
    other = Client()
    other.post("/login/", {"username": staff.username, **LOGIN})
    assert other.post("/login/code/", {"code": code}).status_code == 200


def test_a_recovery_code_works_once(client: Client, careful: tuple[Staff, list[str]]) -> None:
    staff, codes = careful
    for place in (0, 1):
        other = Client()
        other.post("/login/", {"username": staff.username, **LOGIN})
        answer = other.post("/login/code/", {"code": codes[0].upper()})
        assert answer.status_code == (302, 200)[place]


def test_guessing_codes_has_to_wait(client: Client, careful: tuple[Staff, list[str]]) -> None:
    staff, _ = careful
    client.post("/login/", {"username": staff.username, **LOGIN})
    for _number in range(lockouts.ACCOUNT_FREE):
        client.post("/login/code/", {"code": "000000"})

    assert client.post("/login/code/", {"code": code_of(staff)}).status_code == 429


def test_the_wait_is_told_in_minutes_and_in_the_time_of_the_brand(brand: Brand) -> None:
    until = datetime(2026, 6, 30, 16, 2, 30, tzinfo=UTC)

    with override("en"):
        text = wait_text(until, now=until - timedelta(seconds=61), brand=brand)
        nobody = wait_text(None, now=until, brand=brand)

    assert text == "Too many attempts. Try again in 2 min, at 00:02:30 (UTC+08:00)."
    assert nobody == ""


def test_guessing_the_present_password_has_to_wait_too(client: Client, staff: Staff) -> None:
    client.force_login(staff)
    for _number in range(lockouts.ACCOUNT_FREE):
        client.post("/account/password/", {"old": "no", "password": "correct horse 7"})
    right = {"old": "password", "password": "correct horse 7"}

    page = client.post("/account/password/", right, follow=True)

    assert "1 分钟后再试" in page.content.decode()
    assert Staff.objects.get(pk=staff.pk).check_password("password")


def test_without_the_password_there_is_no_code_to_type(client: Client, db: None) -> None:
    assert client.get("/login/code/").headers["Location"] == "/login/"


def test_a_brand_may_ask_everybody_for_a_second_factor(
    client: Client, brand: Brand, staff: Staff
) -> None:
    # given
    Brand.objects.filter(pk=brand.pk).update(two_factor_required=True)

    # when
    signed_in = client.post("/login/", {"username": staff.username, **LOGIN})
    kept_out = client.get("/members/")
    client.get("/account/second-factor/")
    codes = client.post("/account/second-factor/", {"code": code_of(staff)})

    # then
    assert signed_in.headers["Location"] == "/account/second-factor/"
    assert kept_out.headers["Location"] == "/account/second-factor/"
    assert len(re.findall(r"<code>[a-z2-7-]{19}</code>", codes.content.decode())) == 10
    assert client.get("/account/").status_code == 200


def test_a_new_password_signs_out_other_browsers_only(client: Client, staff: Staff) -> None:
    # given
    elsewhere = Client()
    for browser in (client, elsewhere):
        browser.post("/login/", {"username": staff.username, **LOGIN})

    # when
    wrong = client.post("/account/password/", {"old": "no", "password": "correct horse 7"})
    client.post("/account/password/", {"old": "password", "password": "correct horse 7"})

    # then
    assert wrong.headers["Location"] == "/account/"
    assert client.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302
    assert Staff.objects.get(pk=staff.pk).check_password("correct horse 7")


def test_a_link_sets_a_password_once(client: Client, staff: Staff) -> None:
    token = staffing.make_link(staff=staff, now=datetime.now(UTC))
    address = f"/login/link/{token}/"

    weak = client.post(address, {"password": "12345"})
    done = client.post(address, {"password": "correct horse 7"})

    assert weak.status_code == 200
    assert done.headers["Location"] == "/login/"
    assert client.get(address).status_code == 410
    signed_in = client.post("/login/", {"username": staff.username, "password": "correct horse 7"})
    assert signed_in.status_code == 302
