"""Funnels: from the first contact to praise, by 5A, AARRR and the customer journey."""

from __future__ import annotations

import importlib

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huitou.console.figures import insight_scope, members_url, no_figures, words
from huitou.insight.rules import divided
from huitou.ui.access import brand_required

queries = SimpleLazyObject(lambda: importlib.import_module("huitou.insight.queries"))
standing = SimpleLazyObject(lambda: importlib.import_module("huitou.insight.standing"))

KINDS = {
    "5a": gettext_lazy("5A"),
    "aarrr": gettext_lazy("AARRR"),
    "journey": gettext_lazy("Customer journey"),
}


@brand_required
def funnel_page(request: HttpRequest) -> HttpResponse:
    """One funnel, ``?kind=5a``, ``aarrr`` or ``journey``; a stage leads to its members."""
    scope = insight_scope(request)
    asked = request.GET.get("kind", "")
    kind = asked if asked in KINDS else "5a"
    found = standing.funnel(scope, kind)
    if found is None:
        return no_figures(request, _("Funnels"))
    rows = []
    before = None
    for stage in found.stages:
        rows.append(
            {
                "stage": stage,
                "label": words(stage.label, ""),
                "note": words(stage, "note"),
                "url": members_url(**{found.trait: stage.label.code}) if stage.members else "",
                "bar": divided(stage.reached, found.members) or 0,
                "share": divided(stage.reached, found.members),
                "onward": None
                if stage.is_aside or before is None
                else divided(stage.reached, before),
            }
        )
        before = before if stage.is_aside else stage.reached
    context = {
        "fresh": queries.freshness(scope),
        "found": found,
        "rows": rows,
        "kinds": KINDS.items(),
        "kind": kind,
    }
    return render(request, "console/funnel.html", context)
