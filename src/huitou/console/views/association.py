"""What is bought together: the rules as a table and a file, and what to offer one member."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huitou.console.exports import SHEETS
from huitou.console.figures import insight_scope, no_figures
from huitou.console.members_in_view import member_in_view
from huitou.insight.types import Scope
from huitou.ui.access import brand_required
from huitou.ui.roles import MEMBER_ROLES, roles_required

if TYPE_CHECKING:
    from huitou.insight.association import Association, Pairing, Wanted

# They load the analytic engine, which no other page needs.
queries = SimpleLazyObject(lambda: importlib.import_module("huitou.insight.queries"))
association = SimpleLazyObject(lambda: importlib.import_module("huitou.insight.association"))
offers = SimpleLazyObject(lambda: importlib.import_module("huitou.insight.recommendations"))

PAGE_RULES = 25
# What the first look shows: seen in one of a thousand baskets, and more often than by chance.
DEFAULTS = {"min_support": "0.1", "min_confidence": "", "min_lift": "1"}
WINDOWS = (90, 365)
COLUMNS = {
    "baskets": gettext_lazy("Both"),
    "support": gettext_lazy("Support"),
    "confidence": gettext_lazy("Confidence"),
    "lift": gettext_lazy("Lift"),
}
_PAGE_MAX = 100_000
_TEXT_CHARS_MAX = 100


@dataclass(frozen=True)
class Asked:
    """What the address asks for; anything malformed counts as not given."""

    pairing: Pairing
    wanted: Wanted
    shown: dict[str, str]
    page: int


@brand_required
def association_page(request: HttpRequest) -> HttpResponse:
    """The rules, narrowed and sorted by the address."""
    scope = insight_scope(request)
    asked = asked_of(request.GET)
    found = association.associations(scope, asked.pairing, asked.wanted)
    if found is None:
        return no_figures(request, _("Bought together"))
    pages = Paginator(range(found.total), PAGE_RULES).get_page(asked.page)
    return render(
        request,
        "console/association.html",
        {
            "fresh": queries.freshness(scope),
            "found": found,
            "pairing": asked.pairing,
            "shown": asked.shown,
            "rules": found.rules,
            "pages": pages,
            "columns": _columns(asked),
            "categories": [name for name, _members in queries.choices(scope, "main_category")],
            "windows": WINDOWS,
            "export": urlencode({**asked.shown, "sort": _sort(asked.wanted)}),
        },
    )


@brand_required
def association_export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """Every rule that fits as ``csv`` or ``xlsx``, up to ``association.RULES_MAX``."""
    if kind not in SHEETS:
        raise Http404(kind)
    asked = asked_of(request.GET)
    wanted = replace(asked.wanted, offset=0, limit=association.RULES_MAX)
    found = association.associations(insight_scope(request), asked.pairing, wanted)
    heading = [
        *(_("Code"), _("If bought"), _("Code"), _("Then also"), _("Both"), _("Has the first")),
        *(_("Has the second"), _("Support"), _("Confidence"), _("Lift")),
    ]
    rows = [heading, *(_cells(rule) for rule in (found.rules if found else ()))]
    return SHEETS[kind](rows, name="association")


@roles_required(MEMBER_ROLES)
def member_recommendations(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The fragment of what to offer a member, with the reason of each."""
    profile = member_in_view(request, public_id)
    scope = Scope(request.scope.brand_id, request.scope.only_shop_id)
    found = offers.recommendations(scope, [profile.id]).get(profile.id, [])
    return render(request, "console/member_recommendations.html", {"offers": found})


def asked_of(given: QueryDict) -> Asked:
    """Read the address: ``by``, ``basket``, ``days``, the least of each measure, ``q``, ``sort``.

    Support and confidence are in percent.
    """
    by = "category" if given.get("by") == "category" else "product"
    basket = "member" if given.get("basket") == "member" else "order"
    days = given.get("days", "365")
    window = None if days == "all" else int(days) if days in map(str, WINDOWS) else 365
    shown = {name: given.get(name, default).strip() for name, default in DEFAULTS.items()}
    least = {name: _number(text) for name, text in shown.items()}
    sort = given.get("sort", "-lift")
    column = sort.removeprefix("-") if sort.removeprefix("-") in COLUMNS else "lift"
    page = given.get("page", "1")
    number = min(int(page), _PAGE_MAX) if page.isascii() and page.isdigit() else 1
    text, category = (given.get(name, "").strip()[:_TEXT_CHARS_MAX] for name in ("q", "category"))
    wanted = association.Wanted(
        min_support=least["min_support"] / 100,
        min_confidence=least["min_confidence"] / 100,
        min_lift=least["min_lift"],
        text=text,
        category=category,
        sort=column,
        descending=sort.startswith("-") or column != sort,
        offset=(max(1, number) - 1) * PAGE_RULES,
        limit=PAGE_RULES,
    )
    kept = {"by": by, "basket": basket, "days": str(window or "all"), "q": text}
    kept |= {name: shown[name] if least[name] else "" for name in DEFAULTS}
    pairing = association.Pairing(by, basket, window)
    return Asked(pairing, wanted, {**kept, "category": category}, max(1, number))


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 <= value < 1e9 else 0.0


def _sort(wanted: Wanted) -> str:
    return f"-{wanted.sort}" if wanted.descending else wanted.sort


def _columns(asked: Asked) -> list[dict[str, Any]]:
    """Headings that sort: the present one turns round, another begins with the largest."""
    columns = []
    for name, title in COLUMNS.items():
        now = asked.wanted.sort == name
        sort = name if now and asked.wanted.descending else f"-{name}"
        state = ("descending" if asked.wanted.descending else "ascending") if now else ""
        query = urlencode({**asked.shown, "sort": sort})
        columns.append({"title": title, "url": f"{reverse('association')}?{query}", "state": state})
    return columns


def _cells(rule: Association) -> list[Any]:
    return [
        *(rule.a.code, rule.a.title, rule.b.code, rule.b.title),
        *(rule.baskets, rule.a_baskets, rule.b_baskets),
        *(round(rule.support, 6), round(rule.confidence, 6), round(rule.lift, 4)),
    ]
