"""What the pages that work with segments share: where they start, and keeping what was found."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from huitou.console.figures import no_figures
from huitou.console.segment_refusals import segment_refusal
from huitou.kernel.errors import RefusedInputError
from huitou.segments.files import digest_of
from huitou.segments.queries import SegmentView, segments_in_use
from huitou.segments.services import put_segment
from huitou.ui.access import safe_redirect
from huitou.ui.roles import permission_required

# A rule of the largest size is shorter; a longer one was not made by a page.
RULE_CHARS_MAX = 60_000


def needs_figures(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Show how to get figures where there are none, for who may look at segments."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except RefusedInputError as error:
            if error.code != "NO_FIGURES":
                raise
            return no_figures(request, _("Segments"))

    return permission_required("segments.view")(guarded)


def base_of(request: HttpRequest, segments: list[SegmentView]) -> str:
    """The slug of the segment asked for as a start; "" for everybody or one not in use."""
    wanted = request.GET.get("segment", "")
    return wanted if any(segment.slug == wanted for segment in segments) else ""


def chosen_of(request: HttpRequest, *, most: int) -> list[str]:
    """The slugs asked for (``segment``, any number of times) of segments that have members."""
    known = {one.slug for one in segments_in_use(request.scope.brand) if one.at}
    wanted = dict.fromkeys(request.GET.getlist("segment"))
    return [slug for slug in wanted if slug in known][:most]


def choices_of(request: HttpRequest, chosen: Sequence[str]) -> list[tuple[SegmentView, bool]]:
    """The segments to choose from, and whether each is chosen; largest first."""
    found = [one for one in segments_in_use(request.scope.brand) if one.at]
    found.sort(key=lambda one: (one.slug not in chosen, -one.members, one.slug))
    return [(one, one.slug in chosen) for one in found]


def saving(request: HttpRequest, rule: Mapping[str, Any]) -> dict[str, Any]:
    """What the form that keeps a rule as a segment needs."""
    return {
        "rule_json": json.dumps(rule, ensure_ascii=False),
        "proposed_slug": f"seg-{digest_of(rule)[:8]}",
        "may_save": request.scope.may("segments.edit"),
        "here": request.get_full_path(),
    }


@require_POST
@permission_required("segments.edit")
def segment_kept(request: HttpRequest) -> HttpResponseBase:
    """Keep a ``rule`` (JSON) as a new segment of a ``name`` and ``slug``."""
    given = request.POST
    slug = given.get("slug", "").strip()
    try:
        put_segment(
            brand=request.scope.brand,
            slug=slug,
            name=given.get("name", ""),
            rule=_rule(given.get("rule", "")),
            now=timezone.now(),
            staff_id=request.user.pk,
            seen_version=0,
        )
    except RefusedInputError as error:
        messages.error(request, segment_refusal(error))
        return safe_redirect(request, given.get("next", ""), "segment_drill")
    messages.success(request, _("Saved. Its members follow within a few minutes."))
    return redirect("segment", slug=slug)


def _rule(text: str) -> Mapping[str, Any]:
    """The data of a rule. Raises ``RefusedInputError``: ``RULE``."""
    try:
        rule = json.loads(text) if len(text) <= RULE_CHARS_MAX else None
    except (ValueError, RecursionError):
        rule = None
    if not isinstance(rule, dict):
        raise RefusedInputError("RULE", "This is no rule.")
    return rule
