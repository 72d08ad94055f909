"""The builder of rules: the page, its fragments, the live preview, and saving.

The page keeps nothing between two requests: the form says the whole rule each time.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from huitou.console.figures import words
from huitou.console.rule_asked import (
    Asked,
    asked_of,
    asked_of_rule,
    fields_of,
    unfinished_errors,
)
from huitou.console.rule_changes import (
    add_node,
    add_test,
    add_where,
    drop_test,
    drop_where,
    empty_form,
    settled,
)
from huitou.console.rule_form import GROUP_DEPTH_MAX, NODES_MAX, nodes_of
from huitou.console.rule_values import Fields, one
from huitou.console.rule_views import Drawn
from huitou.console.rule_words import RuleWords
from huitou.console.segment_refusals import segment_refusal
from huitou.console.segment_rows import member_lines, mix_rows
from huitou.console.views.segments import named_segment, version_number
from huitou.kernel.errors import RefusedInputError
from huitou.members.tags import tag_groups
from huitou.segments import tasks
from huitou.segments.models import Keeping
from huitou.segments.queries import SegmentView, segment_versions
from huitou.segments.reading import CONDITIONS_MAX
from huitou.segments.services import put_segment
from huitou.segments.texts import text_of_rule
from huitou.ui.labels import FAMILIES
from huitou.ui.roles import permission_required

# Loads the analytic engine, which drawing the form does without.
previews = SimpleLazyObject(lambda: importlib.import_module("huitou.segments.previews"))

# Tells the page that the rule is another, once the new row stands there.
RULE_CHANGED = "rule-changed"


@permission_required("segments.edit")
def segment_new(request: HttpRequest) -> HttpResponse:
    """The builder of a new segment."""
    known = RuleWords(request.scope.brand)
    asked = Asked(settled(empty_form(), known.vocabulary), {"all": []})
    return _page(request, known, asked, None, seen_version=0)


@permission_required("segments.edit")
def segment_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """The builder of a segment that is there; of a frozen one all but the rule can be changed."""
    segment = named_segment(request, slug)
    known = RuleWords(request.scope.brand)
    (newest,) = segment_versions(segment.id, limit=1)
    if segment.keeping == Keeping.FROZEN:
        asked = Asked({}, newest.rule, is_text=True)
    else:
        asked = asked_of_rule(newest.rule, known, slug=slug)
    return _page(request, known, asked, segment, seen_version=newest.number)


def _page(
    request: HttpRequest,
    known: RuleWords,
    asked: Asked,
    segment: SegmentView | None,
    *,
    seen_version: int,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    given = request.POST
    context = {
        "segment": segment,
        "is_frozen": segment is not None and segment.keeping == Keeping.FROZEN,
        "seen_version": seen_version,
        "name": given.get("name", segment.name if segment else ""),
        "slug": given.get("slug", segment.slug if segment else ""),
        "description": given.get("description", segment.description if segment else ""),
        "tag": given.get("tag", segment.tag_name if segment else ""),
        "tag_groups": [group for group in tag_groups(request.scope.brand_id) if group.tags],
        "refusal": refusal,
        **_panel(known, asked, segment.slug if segment else ""),
    }
    return render(request, "console/segment_edit.html", context, status=status)


def _panel(known: RuleWords, asked: Asked, slug: str) -> dict[str, Any]:
    """What the part of the page with rows or text needs."""
    if asked.is_text:
        wrong = " ".join([asked.problem, *asked.errors.values()]).strip()
        return {"is_text": True, "text": asked.text, "problem": wrong, "own_slug": slug}
    drawn = Drawn(asked.fields, known, slug=slug, errors=asked.errors)
    return {"is_text": False, "node": drawn.root(), "problem": asked.problem, "own_slug": slug}


@require_POST
@permission_required("segments.edit")
def rule_panel(request: HttpRequest) -> HttpResponse:
    """The rule as rows or as text (``?as=text``): what the other says."""
    known, slug = RuleWords(request.scope.brand), request.POST.get("own_slug", "")
    asked = asked_of(request.POST, known, slug=slug)
    wants_text = request.GET.get("as") == "text"
    if wants_text and not asked.is_text:
        asked.is_text, asked.text = True, text_of_rule(asked.rule)
    elif not wants_text and asked.is_text and asked.rule is not None:
        asked.is_text = False
    response = render(request, "console/rule_panel.html", _panel(known, asked, slug))
    return trigger_client_event(response, RULE_CHANGED, {}, after="settle")


@require_POST
@permission_required("segments.edit")
def rule_added(request: HttpRequest) -> HttpResponse:
    """A new row or group (``kind``) at the end of the group ``parent``."""
    known, fields = RuleWords(request.scope.brand), fields_of(request.POST)
    nodes = nodes_of(fields)
    parent = nodes.get(request.GET.get("parent", ""))
    kind = "group" if request.GET.get("kind") == "group" else "row"
    if parent is None or not parent.is_group:
        raise Http404
    rows = sum(not node.is_group for node in nodes.values())
    refusal = ""
    if len(nodes) + 2 > NODES_MAX or rows >= CONDITIONS_MAX:
        refusal = _("A rule has at most %(number)s conditions.") % {"number": CONDITIONS_MAX}
    elif kind == "group" and parent.depth + 1 >= GROUP_DEPTH_MAX:
        refusal = _("Groups lie at most %(number)s deep.") % {"number": GROUP_DEPTH_MAX}
    if refusal:
        return render(request, "console/rule_refused.html", {"refusal": refusal})
    node_id = add_node(fields, parent.id, kind)
    drawn = Drawn(settled(fields, known.vocabulary), known, slug=request.POST.get("own_slug", ""))
    context = {"node": drawn.node(node_id), "is_new": True}
    response = render(request, "console/rule_node.html", context)
    return trigger_client_event(response, RULE_CHANGED, {}, after="settle")


@require_POST
@permission_required("segments.edit")
def rule_row(request: HttpRequest) -> HttpResponse:
    """The row ``node`` after a change (``act``) of what it asks."""
    known, fields = RuleWords(request.scope.brand), fields_of(request.POST)
    node_id = request.GET.get("node", "")
    node = nodes_of(fields).get(node_id)
    if node is None or node.is_group:
        raise Http404
    fields = settled(fields, known.vocabulary)
    _change(fields, node_id, request)
    drawn = Drawn(settled(fields, known.vocabulary), known, slug=request.POST.get("own_slug", ""))
    response = render(request, "console/rule_node.html", {"node": drawn.node(node_id)})
    return trigger_client_event(response, RULE_CHANGED, {}, after="settle")


def _change(fields: Fields, node_id: str, request: HttpRequest) -> None:
    act, at = request.GET.get("act", ""), request.GET.get("at", "")
    token = request.GET.get("token", "")
    acts: dict[str, Callable[[], None]] = {
        "test": lambda: add_test(fields, at, one(fields, f"{at}.k0")),
        "untest": lambda: drop_test(fields, at, token),
        "where": lambda: add_where(fields, node_id),
        "unwhere": lambda: drop_where(fields, node_id, token),
    }
    if act in acts and (not at or at.startswith(f"{node_id}.")):
        acts[act]()


@require_POST
@permission_required("segments.edit")
def rule_preview(request: HttpRequest) -> HttpResponse:
    """Whom the rule finds now, and what is wrong with it, at the rows concerned."""
    brand, slug = request.scope.brand, request.POST.get("own_slug", "")
    known = RuleWords(brand)
    asked = asked_of(request.POST, known, slug=slug)
    context: dict[str, Any] = {
        "asked": asked,
        "marks": [(node, asked.errors.get(node, "")) for node in asked.nodes],
        "problem": asked.problem,
    }
    if asked.is_readable:
        try:
            context |= _found(request, asked)
        except RefusedInputError as error:
            context["problem"] = segment_refusal(error)
    return render(request, "console/rule_preview.html", context)


def _found(request: HttpRequest, asked: Asked) -> dict[str, Any]:
    brand = request.scope.brand
    found = previews.preview(brand, asked.rule)
    return {
        "found": found,
        "says": words(found, "sentence"),
        "share": found.members / found.of_members if found.of_members else None,
        "reach": [(FAMILIES["channel"][code], number) for code, number in found.reach.items()],
        "stages": mix_rows("stage", found.stages),
        "groups": mix_rows("rfm", found.rfm_groups),
        "sample": member_lines(brand, found.sample),
    }


@require_POST
@permission_required("segments.edit")
def segment_saved(request: HttpRequest) -> HttpResponseBase:
    """Keep the rule: of a new segment, or as a new version of the one being changed.

    When it cannot be kept the page comes back as it was, and says why and where.
    """
    given, known = request.POST, RuleWords(request.scope.brand)
    own_slug = given.get("own_slug", "")
    segment = named_segment(request, own_slug) if own_slug else None
    seen = version_number(given.get("seen_version", ""))
    has_rule = given.keys() & {"mode", "node"}
    if segment and segment.keeping == Keeping.FROZEN and not has_rule:
        asked = Asked({}, segment_versions(segment.id, limit=1)[0].rule, is_text=True)
    else:
        asked = asked_of(given, known, slug=own_slug)
    if asked.unfinished and not asked.errors:
        asked.errors = unfinished_errors(asked)
    if not asked.is_readable:
        wrong = _("The rule cannot be kept yet; see the marked conditions.")
        return _page(request, known, asked, segment, seen_version=seen, refusal=wrong, status=422)
    try:
        kept = put_segment(
            brand=request.scope.brand,
            slug=own_slug or given.get("slug", "").strip(),
            name=given.get("name", ""),
            description=given.get("description", ""),
            tag=given.get("tag"),
            rule=asked.rule,
            now=datetime.now(UTC),
            staff_id=request.user.pk,
            seen_version=seen,
        )
    except RefusedInputError as error:
        if error.code == "CHANGED" and segment:
            seen = segment_versions(segment.id, limit=1)[0].number
        refusal = segment_refusal(error)
        return _page(request, known, asked, segment, seen_version=seen, refusal=refusal, status=422)
    tasks.follow_tags(request.scope.brand_id)
    messages.success(request, _("Saved. The members follow within five minutes."))
    return redirect("segment", kept.slug)
