"""What a brand keeps of its members: attributes, groups of tags, touchpoints."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from huitou.console import member_labels  # noqa: F401 -- adds the words these pages show
from huitou.console.profile_refusals import refusal_of
from huitou.console.tag_rows import change_rows
from huitou.console.views.profile import act_of
from huitou.kernel.errors import RefusedInputError
from huitou.members import tags as member_tags
from huitou.members import touchpoints as member_touchpoints
from huitou.members.attributes import (
    Choice,
    attributes,
    define_attribute,
    define_usual_attributes,
    retire_attribute,
)
from huitou.members.models import AttributeKind, TouchpointKind
from huitou.ui.roles import permission_required

CHANGE_ROWS = 20


@permission_required("members.view")
def attributes_page(request: HttpRequest) -> HttpResponseBase:
    """The attributes of the brand."""
    found = attributes(request.scope.brand_id)
    context = {
        "in_use": [one for one in found if not one.is_retired],
        "retired": [one for one in found if one.is_retired],
        "kinds": AttributeKind.values,
        "may_set_up": request.scope.may("profile.define"),
    }
    return render(request, "console/attributes.html", context)


@require_POST
@permission_required("profile.define")
def attribute_added(request: HttpRequest) -> HttpResponseBase:
    """Define an attribute; ``choices`` are one a line."""
    return _decided(request, "attributes", _("Added."), lambda: _define(request))


def _define(request: HttpRequest) -> None:
    given = request.POST
    define_attribute(
        brand_id=request.scope.brand_id,
        code=given.get("code", "").strip(),
        kind=given.get("kind", ""),
        label_zh=given.get("label_zh", ""),
        label_en=given.get("label_en", ""),
        unit=given.get("unit", ""),
        choices=_choices(given.get("choices", "")),
    )


def _choices(text: str) -> list[Choice]:
    """One a line: code, Chinese, English."""
    rows = [line.replace("，", ",").split(",") for line in text.splitlines() if line.strip()]
    if any(len(row) != 3 for row in rows):
        raise RefusedInputError("CHOICES", "Write each choice as code, Chinese, English.")
    return [Choice(*(part.strip() for part in row)) for row in rows]


@require_POST
@permission_required("profile.define")
def usual_attributes(request: HttpRequest) -> HttpResponseBase:
    """Add the attributes most shops keep."""
    define_usual_attributes(brand_id=request.scope.brand_id)
    return redirect("attributes")


@require_POST
@permission_required("profile.define")
def attribute_retired(request: HttpRequest, code: str) -> HttpResponseBase:
    """Retire an attribute (``retired`` 1) or take it into use again (0)."""
    return _decided(
        request,
        "attributes",
        _("Saved."),
        lambda: retire_attribute(
            brand_id=request.scope.brand_id, code=code, now=_retired_at(request)
        ),
    )


@permission_required("members.view")
def tags_page(request: HttpRequest) -> HttpResponseBase:
    """Groups with their tags and the latest changes."""
    context = {
        "groups": member_tags.tag_groups(request.scope.brand_id, counted=True),
        "changes": change_rows(member_tags.tag_changes(request.scope.brand_id, limit=CHANGE_ROWS)),
        "may_see_segments": request.scope.may("segments.view"),
        "may_set_up": request.scope.may("profile.define"),
        "may_edit": request.scope.may("profile.edit"),
    }
    return render(request, "console/tags.html", context)


@require_POST
@permission_required("profile.define")
def tag_added(request: HttpRequest) -> HttpResponseBase:
    """Create a tag (``name``) in a ``group``, or without one a group (``exclusive`` 1)."""
    return _decided(request, "tags", _("Added."), lambda: _create_tags(request))


def _create_tags(request: HttpRequest) -> None:
    given, brand_id = request.POST, request.scope.brand_id
    group = given.get("group", "")
    if group.isascii() and group.isdigit() and len(group) < 19:
        member_tags.create_tag(brand_id=brand_id, group_id=int(group), name=given.get("name", ""))
    else:
        member_tags.create_tag_group(
            brand_id=brand_id,
            name=given.get("name", ""),
            is_exclusive=given.get("exclusive") == "1",
        )


@require_POST
@permission_required("profile.edit")
def tag_change_undone(request: HttpRequest, change_id: int) -> HttpResponseBase:
    """Take a change of tags back."""
    return _decided(
        request,
        "tags",
        _("Taken back."),
        lambda: member_tags.undo_tag_change(
            brand_id=request.scope.brand_id, change_id=change_id, act=act_of(request)
        ),
    )


@permission_required("members.view")
def touchpoints_page(request: HttpRequest) -> HttpResponseBase:
    """The touchpoints of the brand."""
    context = {
        "points": member_touchpoints.touchpoints(request.scope.brand_id, counted=True),
        "kinds": TouchpointKind.values,
        "may_set_up": request.scope.may("profile.define"),
    }
    return render(request, "console/touchpoints.html", context)


@require_POST
@permission_required("profile.define")
def touchpoint_added(request: HttpRequest) -> HttpResponseBase:
    """Add a touchpoint (``code``, ``name``, ``kind``, ``note``)."""
    given = request.POST
    return _decided(
        request,
        "touchpoints",
        _("Added."),
        lambda: member_touchpoints.add_touchpoint(
            brand_id=request.scope.brand_id,
            code=given.get("code", "").strip(),
            name=given.get("name", ""),
            kind=given.get("kind", ""),
            note=given.get("note", ""),
        ),
    )


@require_POST
@permission_required("profile.define")
def touchpoint_retired(request: HttpRequest, code: str) -> HttpResponseBase:
    """Retire a touchpoint (``retired`` 1) or take it into use again (0)."""
    return _decided(
        request,
        "touchpoints",
        _("Saved."),
        lambda: member_touchpoints.retire_touchpoint(
            brand_id=request.scope.brand_id, code=code, now=_retired_at(request)
        ),
    )


def _retired_at(request: HttpRequest) -> datetime | None:
    return datetime.now(UTC) if request.POST.get("retired") == "1" else None


def _decided(request: HttpRequest, page: str, done: str, decide: Callable[[], Any]) -> HttpResponse:
    """Run ``decide``, say how it ended, and go back to ``page``."""
    try:
        decide()
    except RefusedInputError as error:
        messages.error(request, refusal_of(error))
    else:
        messages.success(request, done)
    return redirect(page)
