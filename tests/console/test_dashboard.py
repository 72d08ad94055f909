"""The dashboard and what its charts are told."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from procrastinate import testing
from procrastinate.contrib.django import app

from huitou.brands.models import Brand, Staff
from huitou.insight import queries
from huitou.jobs.models import Job
from tests.console import figures
from tests.factories import make_brand, make_staff


@pytest.fixture
def client(staff: Staff) -> Client:
    """A browser of an operator, signed in, reading English."""
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(staff)
    return browser


@pytest.fixture
def _figures(monkeypatch: pytest.MonkeyPatch) -> None:
    figures.install(monkeypatch)


@pytest.fixture
def _no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "freshness", lambda scope: None)


@pytest.mark.usefixtures("_no_figures")
def test_a_brand_never_refreshed_is_told_how_to_get_figures(client: Client) -> None:
    # when
    response = client.get("/")

    # then
    html = response.content.decode()
    assert response.status_code == 200
    assert "There are no figures yet" in html
    assert 'action="/refresh/"' in html


@pytest.mark.usefixtures("_figures")
def test_the_dashboard_shows_every_figure(client: Client) -> None:
    # when
    html = client.get("/").content.decode()

    # then
    expected = [
        "Data as of 2026-11-22",
        "computed 2026-11-22 09:00",  # 01:00 UTC in the brand's time zone
        "compared with the 30 days before",
        "<small>¥</small>587.0<small>K</small>",
        "3.6%",
        "1.5pp",
        "8,119",
        "<span>24.0%</span>",
        "Keep with privileges, not discounts",
        "R 212.4 · F 3.2 · M ¥812.34",
    ]
    assert [text for text in expected if text not in html] == []


@pytest.mark.usefixtures("_figures")
def test_the_dashboard_speaks_chinese(client: Client) -> None:
    # when
    html = client.get("/", headers={"accept-language": "zh-CN"}).content.decode()

    # then
    expected = [
        "经营总览",
        "数据截至 2026-11-22",
        "58.7<small>万</small>",
        "特权客户",
        "用特权维系",
    ]
    assert [text for text in expected if text not in html] == []


@pytest.mark.usefixtures("_figures")
def test_pages_with_figures_are_not_stored(client: Client) -> None:
    # when
    response = client.get("/")

    # then
    assert response["Cache-Control"] == "no-store"
    assert "Cookie" in response["Vary"]


@pytest.mark.usefixtures("_figures")
def test_the_trend_gives_days_and_amounts(client: Client) -> None:
    # when
    meaning = client.get("/charts/trend/?period=7").json()

    # then
    assert meaning["kind"] == "trend"
    assert (meaning["x"][0], meaning["x"][-1]) == ("2026-11-16", "2026-11-22")
    assert meaning["short_x"][0] == "Nov 16"
    assert [len(series["values"]) for series in meaning["series"]] == [7, 7]
    assert meaning["summary"].startswith("Sales ¥")


@pytest.mark.usefixtures("_figures")
def test_the_tree_map_gives_members_and_shares(client: Client) -> None:
    # when
    nodes = client.get("/charts/rfm/").json()["nodes"]

    # then
    assert nodes[0]["code"] == "privileged"
    assert nodes[0]["value"] == 2417
    assert nodes[0]["share"] == pytest.approx(2417 / 18_000)
    assert sum(node["share"] for node in nodes) == pytest.approx(1)
    assert "rfm_group=privileged" in nodes[0]["url"]


@pytest.mark.usefixtures("_figures")
def test_the_flow_keeps_its_members(client: Client) -> None:
    # when
    meaning = client.get("/charts/lifecycle/").json()

    # then
    before = sum(node["value"] for node in meaning["nodes"] if node["depth"] == 0)
    now = sum(node["value"] for node in meaning["nodes"] if node["depth"] == 1)
    assert before == now == sum(link["value"] for link in meaning["links"]) == 18_760


@pytest.mark.usefixtures("_figures")
def test_an_unchanged_chart_is_not_sent_again(client: Client) -> None:
    # given
    first = client.get("/charts/rfm/")

    # when
    second = client.get("/charts/rfm/", headers={"if-none-match": first["ETag"]})

    # then
    assert (second.status_code, second.content) == (304, b"")
    assert first["Cache-Control"] == "private, max-age=60"


@pytest.mark.usefixtures("_figures")
def test_another_brand_or_language_has_another_version(client: Client, staff: Staff) -> None:
    # given
    other = make_brand()
    staff.roles.create(brand=other, role="operator")
    tags = {client.get("/charts/rfm/")["ETag"]}

    # when
    tags.add(client.get("/charts/rfm/", headers={"accept-language": "zh-CN"})["ETag"])
    client.post("/scope/", {"brand": other.slug})
    tags.add(client.get("/charts/rfm/")["ETag"])

    # then
    assert len(tags) == 3


@pytest.mark.usefixtures("_no_figures")
@pytest.mark.parametrize("name", ["trend", "rfm", "lifecycle"])
def test_a_chart_without_figures_says_why(client: Client, name: str) -> None:
    assert client.get(f"/charts/{name}/").json() == {"empty": "Not computed yet"}


@pytest.mark.usefixtures("_figures")
def test_regions_are_ranked_and_switch_level(client: Client) -> None:
    # when
    provinces = client.get("/regions/?period=30").content.decode()
    cities = client.get("/regions/?period=30&level=city").content.decode()

    # then
    assert [name in provinces for name in ("浙江", "广东", "¥200.0K", "40.0%")] == [True] * 4
    assert ("杭州</a>" in cities, "浙江</a>" in cities) == (True, False)


@pytest.mark.usefixtures("_figures")
def test_a_province_leads_to_its_cities_and_back(client: Client) -> None:
    # when
    provinces = client.get("/regions/?period=30").content.decode()
    cities = client.get("/regions/?period=30&province=浙江").content.decode()
    page = client.get("/?period=30&province=浙江").content.decode()

    # then the links work with and without scripts
    drilled = "period=30&amp;province=%E6%B5%99%E6%B1%9F"
    assert f'href="/?{drilled}#regions" hx-get="/regions/?{drilled}"' in provinces
    assert [name in cities for name in ("杭州", "宁波", "广州", "广东")] == [True, True] + [
        False
    ] * 2
    assert 'href="/?period=30#regions" hx-get="/regions/?period=30"' in cities
    assert "/members/?province=%E6%B5%99%E6%B1%9F&amp;city=%E6%9D%AD%E5%B7%9E" in cities
    assert f'hx-get="/regions/?{drilled}" hx-trigger="load"' in page


def test_a_refresh_is_queued_once(client: Client, brand: Brand) -> None:
    # given
    queue = testing.InMemoryConnector()

    # when
    with app.replace_connector(queue):
        answers = [client.post("/refresh/"), client.post("/refresh/")]

    # then
    job = Job.objects.get()
    assert (job.brand, job.kind, job.state) == (brand, "refresh", "queued")
    queued: list[Any] = [entry["args"] for entry in queue.jobs.values()]
    assert queued == [{"brand_id": brand.pk, "job_id": job.pk}]
    assert [answer.headers["Location"] for answer in answers] == ["/", "/"]


def test_a_refresh_is_asked_for_by_post(client: Client) -> None:
    assert client.get("/refresh/").status_code == 405


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address", ["/", "/regions/", "/charts/trend/", "/charts/rfm/", "/refresh/", "/jobs/tray/"]
)
def test_strangers_are_sent_to_sign_in(address: str) -> None:
    # when
    response = Client().get(address)

    # then
    assert response.status_code == 302
    assert response.headers["Location"] == f"/login/?next={address}"


@pytest.mark.django_db
def test_staff_without_a_brand_are_told_so() -> None:
    # given
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(make_staff())

    # when
    response = browser.get("/")

    # then
    assert response.status_code == 403
    assert "No brand yet" in response.content.decode()
