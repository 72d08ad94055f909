"""Segments: the list, one of them, and what is done to them as wholes."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRefresh

from huitou.console.segment_refusals import segment_refusal
from huitou.console.segment_rows import (
    finding_rows,
    in_words,
    insight,
    member_lines,
    mix_rows,
    sales_of,
    segment_row,
    segment_rows,
)
from huitou.insight.types import Scope
from huitou.jobs.queries import unfinished_jobs
from huitou.jobs.services import create_job
from huitou.kernel.errors import RefusedInputError
from huitou.members import queries as members
from huitou.members.rule_tags import rule_carriers
from huitou.segments import tasks
from huitou.segments.describing import described
from huitou.segments.queries import (
    SegmentView,
    archived_segments,
    latest_moves,
    segment_by_slug,
    segment_versions,
    segment_view,
    segments_in_use,
    size_histories,
)
from huitou.segments.services import archive_segment, freeze_segment, put_segment
from huitou.segments.starter import add_starter_set, new_starters
from huitou.segments.texts import text_of_rule
from huitou.ui.roles import permission_required

# Loads the analytic engine, which the list does without.
explaining = SimpleLazyObject(lambda: importlib.import_module("huitou.segments.explaining"))
portraits = SimpleLazyObject(lambda: importlib.import_module("huitou.segments.portraits"))

# Refreshes drawn on the page of one segment: a quarter of daily ones.
CHART_POINTS = 92
VERSION_ROWS = 20
MOVE_ROWS = 6
MOVED_MEMBERS = 8
REFRESH_JOB = tasks.REFRESH_JOB


@permission_required("segments.view")
def segments_list(request: HttpRequest) -> HttpResponse:
    """Every segment in use, or with ``?state=archived`` those that are not."""
    brand = request.scope.brand
    is_archive = request.GET.get("state") == "archived"
    listed = archived_segments(brand) if is_archive else segments_in_use(brand)
    may_change = request.scope.may("segments.edit")
    context = {
        "starters": len(new_starters(brand)) if may_change else 0,
        "rows": segment_rows(brand, listed),
        "refreshing": unfinished_jobs(brand.pk, REFRESH_JOB),
        "is_archive": is_archive,
        "fresh": insight.freshness(Scope(brand.pk)),
        "links": comparison_links(),
        "may_change": may_change,
    }
    return render(request, "console/segments.html", context)


def comparison_links(slug: str = "") -> list[tuple[str, str]]:
    """(heading, address) of the pages that put segments side by side; of one with its slug."""
    headings = {
        "segment_overlap": _("Overlap"),
        "segment_compare": _("Compare"),
        "segment_drill": _("Step by step"),
        "segment_matrix": _("Matrix"),
    }
    query = f"?segment={slug}" if slug else ""
    return [(heading, f"{reverse(name)}{query}") for name, heading in headings.items()]


def named_segment(request: HttpRequest, slug: str) -> SegmentView:
    """The segment of the brand, in use or archived. Raises ``Http404``."""
    segment = segment_view(request.scope.brand, slug)
    if segment is None:
        raise Http404
    return segment


@permission_required("segments.view")
def segment_page(request: HttpRequest, slug: str) -> HttpResponse:
    """One segment: who is in it, how it moved, what its rule says and said before.

    With a ``member`` the page says at once why that one is in, or is not.
    """
    brand, segment = request.scope.brand, named_segment(request, slug)
    versions = segment_versions(segment.id, limit=VERSION_ROWS)
    said = described(brand, {version.number: version.rule for version in versions})
    history = size_histories([segment.id], limit=2).get(segment.id, [])
    row = segment_row(segment, said[versions[0].number], history, sales_of(brand))
    moves = latest_moves(segment.id, limit=MOVE_ROWS, members_max=MOVED_MEMBERS)
    context = {
        "row": row,
        "refreshing": unfinished_jobs(brand.pk, REFRESH_JOB),
        "segment": segment,
        "fresh": insight.freshness(Scope(brand.pk)),
        "rule_text": text_of_rule(versions[0].rule),
        "versions": [(version, in_words(said[version.number])) for version in versions],
        "moves": [(move, member_lines(brand, move.members)) for move in moves],
        "links": comparison_links(slug),
        "may_change": request.scope.may("segments.edit"),
        "carriers": rule_carriers(segment.id, segment.tag_id) if segment.tag_id else 0,
        "explained": request.GET.get("member", ""),
        **_portrait(request, segment),
    }
    return render(request, "console/segment.html", context)


def _portrait(request: HttpRequest, segment: SegmentView) -> dict[str, Any]:
    """What the members of the segment look like; nothing before there are figures."""
    brand = request.scope.brand
    try:
        seen = portraits.portrait_of(brand, segment.id)
    except RefusedInputError:
        seen = None
    if seen is None:
        return {"seen": None}
    return {
        "seen": seen,
        "stages": mix_rows("stage", seen.stages),
        "groups": mix_rows("rfm", seen.rfm_groups),
        "sample": member_lines(brand, seen.sample),
    }


@permission_required("segments.view")
def segment_explained(request: HttpRequest, slug: str) -> HttpResponse:
    """The fragment that says why a ``member`` (number, name or identifier) is in, or is not."""
    brand, segment = request.scope.brand, named_segment(request, slug)
    text = request.GET.get("member", "").strip()
    found = members.search(brand.pk, text, 2)
    context: dict[str, Any] = {"asked": text, "problem": ""}
    if not found:
        context["problem"] = _("No member matches.")
    elif len(found) > 1:
        context["problem"] = _("Several members match: type the member number, or more of it.")
    else:
        try:
            said = explaining.explain(
                brand=brand,
                segment=segment_by_slug(brand, slug),
                member_id=found[0],
                now=datetime.now(UTC),
            )
            lines = member_lines(brand, found)
            context |= {"said": said, "line": lines[0], "rows": finding_rows(said.finding)}
        except RefusedInputError as error:
            context["problem"] = segment_refusal(error)
    context["segment"] = segment
    return render(request, "console/segment_explained.html", context)


@permission_required("segments.view")
def segment_sizes(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The sizes of a segment over its refreshes, for the chart."""
    segment = named_segment(request, slug)
    points = size_histories([segment.id], limit=CHART_POINTS).get(segment.id, [])
    if len(points) < 2:
        return JsonResponse({"empty": _("A line appears after the second refresh.")})
    days = [date_format(point.at, "Y-m-d H:i") for point in points]
    meaning = {
        "kind": "trend",
        "unit": "count",
        "x": days,
        "short_x": [date_format(point.at, "AXIS_DAY_FORMAT") for point in points],
        "series": [{"name": _("Members"), "values": [point.members for point in points]}],
        "smooth_note": "",
        "summary": f"{days[0]} {points[0].members} → {days[-1]} {points[-1].members}",
    }
    return JsonResponse(meaning, json_dumps_params={"ensure_ascii": False})


@require_POST
@permission_required("segments.edit")
def segments_refresh(request: HttpRequest) -> HttpResponseBase:
    """Queue a refresh of every dynamic segment, or of ``slug``; the tray tells how it goes."""
    brand, slug = request.scope.brand, request.POST.get("slug", "")
    named = named_segment(request, slug) if slug else None
    subject = named.name if named else brand.name
    under_way = any(job.subject == subject for job in unfinished_jobs(brand.pk, REFRESH_JOB))
    if not under_way:
        with transaction.atomic():
            job = create_job(
                brand_id=brand.pk, kind=REFRESH_JOB, subject=subject, created_by_id=request.user.pk
            )
            slugs = [named.slug] if named else None
            tasks.refresh_now.defer(brand_id=brand.pk, job_id=job.pk, slugs=slugs)
    messages.success(request, _("Refreshing. The bell at the top shows how far it is."))
    return redirect("segment", slug) if named else redirect("segments")


@permission_required("segments.view")
def segments_progress(request: HttpRequest) -> HttpResponse:
    """How far refreshes are; once none is under way the page asks for the new numbers."""
    running = unfinished_jobs(request.scope.brand_id, REFRESH_JOB)
    response = render(request, "console/segments_progress.html", {"refreshing": running})
    return response if running else HttpResponseClientRefresh()


@require_POST
@permission_required("segments.edit")
def segments_starter(request: HttpRequest) -> HttpResponseBase:
    """Add the segments that are ready to use, and refresh them."""
    brand = request.scope.brand
    try:
        added = add_starter_set(
            brand=brand,
            now=datetime.now(UTC),
            english=(get_language() or "").startswith("en"),
            staff_id=request.user.pk,
        )
    except RefusedInputError as error:
        messages.error(request, segment_refusal(error))
        return redirect("segments")
    if not added:
        messages.success(request, _("All of the starter set is there already."))
        return redirect("segments")
    messages.success(request, _("Segments added: %(number)s.") % {"number": len(added)})
    return segments_refresh(request)


@require_POST
@permission_required("segments.edit")
def segment_state(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Freeze a segment, archive it, or take an archived one into use (``act``)."""
    brand, segment = request.scope.brand, named_segment(request, slug)
    now = datetime.now(UTC)
    acts: dict[str, Callable[[], Any]] = {
        "freeze": lambda: freeze_segment(brand=brand, slug=slug),
        "archive": lambda: archive_segment(brand=brand, slug=slug, now=now),
        "use": lambda: _put_version(request, segment, None, now),
    }
    act = acts.get(request.POST.get("act", ""))
    if act is None:
        raise Http404
    return _decided(request, slug, act)


@require_POST
@permission_required("segments.edit")
def segment_restored(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Make the rule of an older ``version`` the newest."""
    segment = named_segment(request, slug)
    number = version_number(request.POST.get("version", ""))
    now = datetime.now(UTC)
    return _decided(request, slug, lambda: _put_version(request, segment, number, now))


def version_number(text: str) -> int:
    """The number of a version as a form gives it; 0 for none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _put_version(
    request: HttpRequest, segment: SegmentView, number: int | None, now: datetime
) -> None:
    versions = segment_versions(segment.id, limit=VERSION_ROWS)
    wanted = [one for one in versions if number is None or one.number == number]
    if not wanted:
        raise RefusedInputError("VERSION", f"{segment.slug} has no version {number}.")
    put_segment(
        brand=request.scope.brand,
        slug=segment.slug,
        name=segment.name,
        rule=wanted[0].rule,
        now=now,
        staff_id=request.user.pk,
    )


def _decided(request: HttpRequest, slug: str, decide: Callable[[], Any]) -> HttpResponse:
    try:
        decide()
    except RefusedInputError as error:
        messages.error(request, segment_refusal(error))
    else:
        tasks.follow_tags(request.scope.brand_id)
        messages.success(request, _("Saved."))
    return redirect("segment", slug)
