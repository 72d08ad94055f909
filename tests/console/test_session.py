"""Signing in, and what a person chooses: brand, shop, language, theme, colours."""

from __future__ import annotations

import pytest
from django.test import Client

from huitou.brands.models import Brand, Staff
from huitou.insight import queries
from huitou.jobs.models import Job
from huitou.jobs.services import advance_job, create_job, start_job
from tests.factories import make_brand, make_shop, make_staff

NOW = "2026-11-22T01:00:00+00:00"


@pytest.fixture(autouse=True)
def _no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "freshness", lambda scope: None)


@pytest.fixture
def client(staff: Staff) -> Client:
    """A browser of an operator, signed in, reading English."""
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(staff)
    return browser


def test_signing_in_leads_to_the_dashboard(staff: Staff) -> None:
    # when
    given = {"username": staff.username, "password": "password"}
    response = Client().post("/login/", given)

    # then
    assert (response.status_code, response.headers["Location"]) == (302, "/")


def test_a_wrong_password_is_told_in_words(staff: Staff) -> None:
    # when
    response = Client(headers={"accept-language": "zh-CN"}).post(
        "/login/", {"username": staff.username, "password": "no"}
    )

    # then
    assert "用户名或密码不正确" in response.content.decode()


def test_signing_out_ends_the_session(client: Client) -> None:
    # when
    client.post("/logout/")

    # then
    assert client.get("/").headers["Location"] == "/login/?next=/"


def test_every_page_carries_the_strict_policy(client: Client) -> None:
    # when
    policy = client.get("/").headers["Content-Security-Policy"]

    # then
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == "'self'"
    assert "unsafe" not in policy


def test_the_data_note_is_on_every_page(client: Client, brand: Brand) -> None:
    # given
    brand.data_note_en, brand.data_note_zh = "All of it is generated", "全部由程序生成"
    brand.save()

    # when
    english = client.get("/").content.decode()
    chinese = client.get("/", headers={"accept-language": "zh-CN"}).content.decode()

    # then
    assert "All of it is generated" in english
    assert "全部由程序生成" in chinese


def test_a_brand_and_a_shop_are_switched_to(client: Client, staff: Staff) -> None:
    # given
    other = make_brand(name="Other brand")
    staff.roles.create(brand=other, role="analyst")
    make_shop(other, name="First")
    shop = make_shop(other, name="Second")

    # when
    client.post("/scope/", {"brand": other.slug})
    client.post("/scope/", {"shop": shop.slug, "next": "/?period=7"})
    scope = client.get("/").wsgi_request.scope

    # then
    assert (scope.brand, scope.shop) == (other, shop)


def test_switching_the_brand_forgets_the_shop(client: Client, staff: Staff, brand: Brand) -> None:
    # given
    shop = make_shop(brand)
    client.post("/scope/", {"shop": shop.slug})

    # when
    client.post("/scope/", {"brand": brand.slug})

    # then
    assert client.get("/").wsgi_request.scope.shop is None


def test_a_brand_without_a_role_cannot_be_switched_to(client: Client, brand: Brand) -> None:
    # given
    foreign = make_brand()

    # when
    client.post("/scope/", {"brand": foreign.slug})

    # then
    scope = client.get("/").wsgi_request.scope
    assert (scope.brand, scope.brands) == (brand, (brand,))


def test_a_superuser_sees_every_brand(brand: Brand) -> None:
    # given
    other = make_brand()
    browser = Client()
    browser.force_login(make_staff(is_superuser=True))

    # when
    scope = browser.get("/").wsgi_request.scope

    # then
    assert scope.brands == (brand, other)


def test_the_theme_is_remembered_and_rendered(client: Client) -> None:
    # given
    assert 'data-bs-theme="light"' in client.get("/").content.decode()

    # when
    client.post("/theme/", {"theme": "dark"})

    # then
    assert '<html lang="en" data-bs-theme="dark"' in client.get("/").content.decode()


def test_an_unknown_theme_is_ignored(client: Client) -> None:
    # when
    client.post("/theme/", {"theme": '"><script>'})

    # then
    assert "theme" not in client.cookies


def test_a_rise_can_be_green(client: Client) -> None:
    # when
    client.post("/rise-colour/", {"rise": "green"})

    # then
    assert 'data-rise="green"' in client.get("/").content.decode()


def test_the_language_is_remembered(client: Client) -> None:
    # when
    client.post("/language/", {"language": "zh-hans", "next": "/"})

    # then
    assert '<html lang="zh-Hans"' in client.get("/").content.decode()


def test_a_choice_never_redirects_to_another_site(client: Client) -> None:
    # when
    response = client.post("/theme/", {"theme": "dark", "next": "https://elsewhere.example/"})

    # then
    assert response.headers["Location"] == "/"


def test_the_tray_polls_fast_while_a_job_runs(client: Client, brand: Brand) -> None:
    # given
    job = create_job(brand_id=brand.pk, kind="import", subject="orders.csv")
    start_job(job.pk, total=200, now=NOW)
    advance_job(job.pk, done=50)

    # when
    html = client.get("/jobs/tray/").content.decode()

    # then
    expected = [
        "every 1s",
        "orders.csv",
        "Running",
        'value="25"',
        "50 / 200",
        'data-unfinished="1"',
    ]
    assert [text for text in expected if text not in html] == []


def test_the_tray_shows_only_the_brands_own_jobs(client: Client, brand: Brand) -> None:
    # given
    Job.objects.create(brand=make_brand(), kind="import", subject="secret.csv")

    # when
    html = client.get("/jobs/tray/").content.decode()

    # then
    assert "secret.csv" not in html
    assert "every 20s" in html


def test_a_fragment_of_a_stranger_sends_the_page_to_sign_in() -> None:
    # when
    response = Client().get("/jobs/tray/", headers={"hx-request": "true"})

    # then
    assert response.headers["HX-Redirect"] == "/login/"
