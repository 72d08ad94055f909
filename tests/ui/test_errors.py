"""Errors in plain words: a way back, both languages, no database, nothing of the failure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.utils import translation

from huitou.config.urls import handler400, handler403, handler404, handler500
from huitou.config.urls import urlpatterns as real
from huitou.ui import errors

__all__ = ["handler400", "handler403", "handler404", "handler500"]

FAILURES: dict[str, Exception] = {
    "400": SuspiciousOperation("secret detail"),
    "403": PermissionDenied("secret detail"),
    "500": RuntimeError("secret detail"),
}


def fail(request: HttpRequest, status: str) -> HttpResponse:
    if request.method == "POST":
        return HttpResponse("done")
    raise FAILURES[status]


urlpatterns = [path("fail/<str:status>/", fail), *real]


@pytest.fixture(autouse=True)
def _these_addresses(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__


@pytest.mark.parametrize(
    ("address", "status", "english", "chinese"),
    [
        ("/fail/400/", 400, "This request cannot be read", "无法读取该请求"),
        ("/fail/403/", 403, "You may not do this", "您没有此操作的权限"),
        ("/nowhere/", 404, "There is no such page", "页面不存在"),
        ("/fail/500/", 500, "Something went wrong on our side", "服务器出错了"),
    ],
)
def test_an_error_is_told_in_the_readers_language_without_the_database(
    address: str, status: int, english: str, chinese: str
) -> None:
    for language, words, lang in (("en", english, "en"), ("zh-CN", chinese, "zh-Hans")):
        # when: no database fixture here, so a query would fail the test
        client = Client(raise_request_exception=False, headers={"accept-language": language})
        response = client.get(address)

        # then
        page = response.content.decode()
        assert response.status_code == status
        assert f'<h1 class="ec-empty-title">{words}</h1>' in page
        assert f'<html lang="{lang}"' in page
        assert 'href="/"' in page
        assert "secret" not in page
        assert "Traceback" not in page
        assert response.headers["Content-Security-Policy"]


def test_a_form_without_its_token_is_told_in_words() -> None:
    # when
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    response = client.post("/fail/500/")

    # then
    assert response.status_code == 403
    assert "This form is too old" in response.content.decode()


def test_even_a_broken_page_of_errors_says_something(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    def broken(*args: Any) -> str:
        raise ValueError("Missing staticfiles manifest entry")

    monkeypatch.setattr(errors, "render_to_string", broken)

    # when
    with translation.override("zh-hans"):
        response = errors.server_error(HttpRequest())

    # then
    assert (response.status_code, response.content.decode()) == (500, "服务器出错了")


def test_pages_of_errors_stand_in_the_package() -> None:
    folder = Path(errors.__file__).parent / "templates"
    assert {f"{status}.html" for status in (400, 403, 404, 500)} <= {
        file.name for file in folder.glob("*.html")
    }
