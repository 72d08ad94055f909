"""The pages of errors: plain words, a way back, and no need of the database.

Nothing of the failure itself is shown; it is in the log of the web server.
"""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from huitou.ui.context import CURRENCY, appearance, number_words

logger = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The request makes no sense (400)."""
    return _page(request, 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The person may not do this (403)."""
    return _page(request, 403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: the page was open too long, or another site sent it (403)."""
    return _page(request, 403, template="403_csrf.html")


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """No page has this address (404)."""
    return _page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Something failed on our side (500); shown also without database and static files."""
    try:
        return _page(request, 500)
    except Exception:
        logger.warning("The page of error 500 cannot be shown", exc_info=True)
        text = _("Something went wrong on our side")
        return HttpResponse(text, status=500, content_type="text/plain; charset=utf-8")


def _page(request: HttpRequest, status: int, *, template: str = "") -> HttpResponse:
    # Without the request no context processor runs, so neither session nor database is asked.
    context = {**appearance(request), "number_words": number_words(CURRENCY)}
    text = render_to_string(template or f"{status}.html", context)
    return HttpResponse(text, status=status, headers={"Cache-Control": "no-store"})
