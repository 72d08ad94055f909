"""Who may do what: every route of the interface, with every scope, and without a key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import OperationalError
from django.test import Client

from huitou.api import access, endpoints
from huitou.api.access import admit
from huitou.api.endpoints import api
from huitou.api.models import RateBucket
from huitou.api.problems import Problem
from huitou.brands.api_keys import issue_api_key, revoke_api_key
from huitou.brands.models import ApiKey, Brand, Scope, Shop
from huitou.kernel.errors import RefusedInputError
from huitou.members.models import Member
from tests.api.door import NOW, ask, event, make_key, send
from tests.factories import make_brand, make_shop

pytestmark = pytest.mark.django_db
SNAPSHOT = Path(__file__).parents[2] / "docs" / "openapi.json"


def routes() -> Iterator[tuple[str, str, frozenset[str]]]:
    """(method, address, scopes that may) of every operation, from the API's own registry."""
    for router in api._get_bound_routers():
        for path, view in router.path_operations.items():
            for operation in view.operations:
                (bearer,) = operation.auth_callbacks
                for method in operation.methods:
                    url = path.replace("{public_id}", str(UUID(int=1)))
                    yield method, f"/api/v1{url}", bearer.scopes


ROUTES = list(routes())


@pytest.mark.parametrize("scope", Scope.values)
@pytest.mark.parametrize(("method", "url", "allowed"), ROUTES)
def test_every_route_asks_for_its_scope(
    method: str, url: str, allowed: frozenset[str], scope: str, brand: Brand
) -> None:
    # given
    headers = {"Authorization": f"Bearer {make_key(brand, scope)}"}

    # when
    response = Client().generic(method, url, b"{}", "application/json", headers=headers)

    # then
    assert (response.status_code == 403) == (scope not in allowed), response.content


@pytest.mark.parametrize(("method", "url", "allowed"), ROUTES)
@pytest.mark.parametrize("token", ["", "Bearer x", "Bearer hk_0123456789ab_" + "x" * 43, "Basic x"])
def test_no_route_answers_without_a_living_key(
    method: str, url: str, allowed: frozenset[str], token: str
) -> None:
    response = Client().generic(method, url, headers={"Authorization": token})
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert response["Content-Type"] == "application/problem+json"


def test_a_revoked_key_is_no_key(brand: Brand) -> None:
    # given
    issued = issue_api_key(brand=brand, name="till", scopes=["events:write"])
    assert send(issued.secret, "/events", {}).status_code == 422

    # when
    revoke_api_key(brand_id=brand.pk, prefix=issued.key.prefix, now=NOW)

    # then
    assert send(issued.secret, "/events", {}).status_code == 401


def test_the_secret_is_kept_nowhere(brand: Brand) -> None:
    # when
    issued = issue_api_key(brand=brand, name="till", scopes=["events:write"])

    # then
    kept = repr(ApiKey.objects.values().get())
    assert issued.secret.rsplit("_", 1)[1] not in kept
    assert admit(issued.secret, now=NOW).key_id == issued.key.pk
    assert ApiKey.objects.get().last_used_at == NOW


def test_nothing_but_the_whole_secret_is_the_key(brand: Brand) -> None:
    # given
    own, other = (
        issue_api_key(brand=brand, name="till", scopes=["events:write"]).secret for _ in range(2)
    )
    mixed = own[:16] + other[16:]

    # when
    refusals = []
    for wrong in (mixed, own[:-1], own + "A", own[:-1] + "!"):
        with pytest.raises(Problem) as refused:
            admit(wrong, now=NOW)
        refusals.append(refused.value.status)

    # then
    assert refusals == [401] * 4
    assert not RateBucket.objects.exists()


@pytest.mark.parametrize(
    ("name", "scopes", "code"),
    [("", ["events:write"], "NAME"), ("x", [], "SCOPES"), ("x", ["all"], "SCOPES")],
)
def test_refused_keys(brand: Brand, name: str, scopes: list[str], code: str) -> None:
    with pytest.raises(RefusedInputError) as refused:
        issue_api_key(brand=brand, name=name, scopes=scopes)
    assert refused.value.code == code


def test_a_bucket_is_refilled_by_the_clock_and_not_emptied_by_refusals(
    brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(access, "BURST", 3)
    monkeypatch.setattr(access, "PER_SECOND", 0.5)
    key = issue_api_key(brand=brand, name="till", scopes=["events:write"]).secret

    # when
    for _ in range(3):
        admit(key, now=NOW)
    refusals = []
    for seconds in (0, 1):
        with pytest.raises(Problem) as refused:
            admit(key, now=NOW + timedelta(seconds=seconds))
        refusals.append((refused.value.status, refused.value.headers["Retry-After"]))

    # then
    assert refusals == [(429, "2"), (429, "2")]
    admit(key, now=NOW + timedelta(seconds=2))


def test_a_key_out_of_requests_is_told_when_to_come_back(
    brand: Brand, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(access, "BURST", 1)
    monkeypatch.setattr(access, "PER_SECOND", 0.01)
    key = make_key(brand)

    # when
    statuses = [send(key, "/events", {"events": [event()]}).status_code for _ in range(2)]

    # then
    assert statuses == [200, 429]


def test_a_member_is_found_by_any_identifier_masked_unless_the_key_may_see(
    brand: Brand, shop: Shop
) -> None:
    # given
    whole, narrow = make_key(brand), make_key(brand, "members:read")
    member = {
        "id": "c1",
        "updated_at": "2026-05-02T00:00:00Z",
        "name": "Lin",
        "phone": "13900001234",
        "email": "lin@example.com",
        "birthday": "1990-02-28",
    }
    send(whole, "/members", {"members": [member]})

    # when
    clear = ask(whole, "/members", kind="phone", value="+86 139 0000 1234").json()
    hidden = ask(narrow, "/members", kind="customer_id", value="c1").json()
    same = ask(narrow, f"/members/{clear['id']}").json()

    # then
    assert (clear["phone"], clear["email"], clear["birthday"], clear["masked"]) == (
        "13900001234", "lin@example.com", "1990-02-28", False,
    )  # fmt: skip
    assert (hidden["phone"], hidden["email"], hidden["birthday"]) == (
        "*******1234", "l***@example.com", None,
    )  # fmt: skip
    assert same == hidden
    assert {"platform": "taobao", "kind": "phone", "value": "**********1234"} in same["identities"]


@pytest.mark.parametrize("said", ["农历1990年闰五月初三", "1990-05L-03"], ids=["words", "stored"])
def test_a_lunar_birthday_is_taken_as_written_and_told_as_stored(
    brand: Brand, shop: Shop, said: str
) -> None:
    # given
    whole, narrow = make_key(brand), make_key(brand, "members:read")
    member = {"id": "c1", "updated_at": "2026-05-02T00:00:00Z", "lunar_birthday": said}

    # when
    answer = send(whole, "/members", {"members": [member]})
    shown = [ask(key, "/members", kind="customer_id", value="c1").json() for key in (whole, narrow)]

    # then
    assert answer.json()["items"] == [{"id": "c1", "outcome": "stored"}]
    assert [(one["lunar_birthday"], one["birthday"]) for one in shown] == [
        ("1990-05L-03", None),
        ("", None),
    ]


def test_a_lunar_day_there_is_not_names_the_member(brand: Brand, shop: Shop) -> None:
    # given
    sound = {"id": "c1", "updated_at": "2026-05-02T00:00:00Z"}
    broken = {**sound, "id": "c2", "lunar_birthday": "农历二月三十一"}

    # when
    answer = send(make_key(brand), "/members", {"members": [sound, broken]})

    # then: nothing of the batch was taken
    fault = answer.json()["errors"][0]
    assert answer.status_code == 422
    assert fault == {
        "pointer": "/members/1",
        "code": "INVALID",
        "detail": "lunar_birthday: a lunar month has 29 or 30 days, not 31",
    }
    assert ask(make_key(brand), "/members", kind="customer_id", value="c1").status_code == 404


def test_no_member_of_another_brand_is_found(brand: Brand, shop: Shop) -> None:
    # given
    member = {"id": "c1", "updated_at": "2026-05-02T00:00:00Z"}
    send(make_key(brand), "/members", {"members": [member]})
    found = ask(make_key(brand), "/members", kind="customer_id", value="c1").json()
    stranger = make_key(make_brand())

    # when
    statuses = [
        ask(stranger, "/members", kind="customer_id", value="c1").status_code,
        ask(stranger, f"/members/{found['id']}").status_code,
        ask(stranger, "/members", kind="customer_id", value="\x00").status_code,
        ask(stranger, "/members", kind="shoe_size", value="c1").status_code,
    ]

    # then
    assert statuses == [404, 404, 404, 422]


def test_the_committed_document_is_current() -> None:
    # Written by: huitou openapi > docs/openapi.json
    assert json.loads(SNAPSHOT.read_text()) == json.loads(json.dumps(api.get_openapi_schema()))


def test_the_document_is_published() -> None:
    assert Client().get("/api/v1/openapi.json").json()["info"]["title"] == "Huitou"


def test_times_of_a_busy_key_are_told_to_the_minute(brand: Brand) -> None:
    # given
    secret = issue_api_key(brand=brand, name="till", scopes=["events:write"]).secret
    start = datetime(2026, 6, 1, tzinfo=UTC)

    # when
    for seconds in (0, 59, 61):
        admit(secret, now=start + timedelta(seconds=seconds))

    # then
    assert ApiKey.objects.get().last_used_at == start + timedelta(seconds=61)


def test_failures_and_wrong_addresses_are_problems_too(
    brand: Brand, shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # given
    key = make_key(brand)

    def raising(error: Exception) -> int:
        def take(*arguments: object, **named: object) -> None:
            raise error

        monkeypatch.setattr(endpoints, "take_events", take)
        answer = send(key, "/events", {"events": [event()]})
        assert answer["Content-Type"] == "application/problem+json"
        return answer.status_code

    # when
    statuses = [raising(OperationalError("gone")), raising(ValueError("secret detail"))]
    nowhere = ask(key, "/nowhere")

    # then
    assert statuses == [503, 500]
    assert "secret detail" in caplog.text
    assert (nowhere.status_code, nowhere["Content-Type"]) == (404, "application/problem+json")


def test_a_person_of_two_accounts_is_found_by_the_keys_of_both(brand: Brand, shop: Shop) -> None:
    # given
    key = make_key(brand)
    site = make_shop(brand, platform="shopify")
    for number, (where, fields) in enumerate(
        ((shop, {"name": "Lin"}), (site, {"email": "lin@example.com", "city": "Hangzhou"}))
    ):
        member = {
            "id": f"c{number}", "updated_at": "2026-05-02T00:00:00Z", "shop": where.slug,
            "phone": "13900001234", **fields,
        }  # fmt: skip
        assert send(key, "/members", {"members": [member]}).status_code == 200

    # when
    found = [
        ask(key, "/members", kind=kind, value=value).json()
        for kind, value in (
            ("customer_id", "c0"), ("customer_id", "c1"), ("phone", "13900001234"),
            ("email", "LIN@example.com"),
        )
    ]  # fmt: skip

    # then
    assert found == [found[0]] * 4
    assert (found[0]["name"], found[0]["email"], found[0]["phone"]) == (
        "Lin", "lin@example.com", "13900001234",
    )  # fmt: skip
    kinds = [(i["platform"], i["kind"]) for i in found[0]["identities"]]
    assert kinds == sorted(set(kinds))
    assert ask(key, f"/members/{found[0]['id']}").json() == found[0]
    account = Member.objects.exclude(public_id=found[0]["id"]).get()
    assert ask(key, f"/members/{account.public_id}").json() == found[0]
