"""Personal data: the map and requests, one person's export and erasure, contact in clear."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from huitou.console import privacy_labels  # noqa: F401 -- adds the words these pages show
from huitou.console.members_in_view import member_in_view
from huitou.kernel.errors import RefusedInputError
from huitou.members.queries import MemberProfile
from huitou.privacy import queries, tasks
from huitou.privacy.exporting import export_member
from huitou.privacy.services import Effect, preview_erasure, request_erasure
from huitou.privacy.steps import steps
from huitou.privacy.unmasking import unmask
from huitou.ui.roles import permission_required
from huitou.vault.personal import tables

REQUEST_ROWS = 50
_REFUSALS = {
    "NO_REASON": gettext_lazy("Say why: the reason goes on record."),
    "NO_MEMBER": gettext_lazy("There is no such member."),
}


@permission_required("privacy.manage")
def overview(request: HttpRequest) -> HttpResponse:
    """The map, how long data are kept, and the requests."""
    context = {
        "requests": queries.recent_requests(request.scope.brand_id, limit=REQUEST_ROWS),
        "rules": [_in_words(rule) for rule in queries.retention_rules()],
        "columns": [_in_words(row) for row in queries.personal_columns()],
    }
    return render(request, "console/privacy.html", context)


@permission_required("privacy.manage")
def export(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Everything known about one person, for a reason; the file is made and not kept."""
    profile = member_in_view(request, public_id)
    context = _context(profile, _("Export personal data"))
    if request.method != "POST":
        return render(request, "console/member_personal_data.html", context)
    try:
        archive = export_member(
            brand_id=request.scope.brand_id,
            member_id=profile.id,
            reason=request.POST.get("reason", ""),
            requested_by_id=request.user.pk,
            now=datetime.now(UTC),
        )
    except RefusedInputError as error:
        context["refusal"] = _REFUSALS[error.code]
        return render(request, "console/member_personal_data.html", context, status=422)
    response = HttpResponse(archive, content_type="application/zip")
    name = f"personal-data-{profile.number}.zip"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@permission_required("privacy.manage")
def erase(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The effect of erasing one person; a post with a reason begins it."""
    profile = member_in_view(request, public_id)
    reason = request.POST.get("reason", "")
    context = _context(profile, _("Erase personal data")) | {"reason": reason}
    if request.method == "POST":
        try:
            if request.POST.get("sure") == "1":
                begun = request_erasure(
                    brand_id=request.scope.brand_id,
                    member_id=profile.id,
                    reason=reason,
                    requested_by_id=request.user.pk,
                    now=datetime.now(UTC),
                )
                tasks.run_erasure.defer(request_id=begun.pk)
                messages.success(request, _("The erasure has begun."))
                return redirect("privacy")
            context["refusal"] = _("Confirm that you have seen the effect.")
        except RefusedInputError as error:
            context["refusal"] = _REFUSALS[error.code]
    effect = preview_erasure(brand_id=request.scope.brand_id, member_id=profile.id)
    context["effect"] = {"rows": _effect_rows(effect)}
    status = 422 if "refusal" in context else 200
    return render(request, "console/member_personal_data.html", context, status=status)


@require_POST
@permission_required("members.unmask")
def contact(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The member's contact in clear, in this answer only."""
    profile = member_in_view(request, public_id)
    context: dict[str, Any] = {"profile": profile, "person": profile.name or profile.number}
    actor = request.actor()
    assert actor is not None  # the guard lets nobody in who is not signed in
    try:
        context["contact"] = unmask(
            brand_id=request.scope.brand_id,
            member_id=profile.id,
            reason=request.POST.get("reason", ""),
            actor=actor,
        )
    except RefusedInputError as error:
        context["refusal"] = _REFUSALS[error.code]
    page = "member_contact" if request.htmx else "member_contact_page"
    return render(request, f"console/{page}.html", context)


def _context(profile: MemberProfile, heading: str) -> dict[str, Any]:
    return {"profile": profile, "person": profile.name or profile.number, "heading": heading}


def _effect_rows(effect: Effect) -> list[tuple[str, int]]:
    """Tables and kinds of files in words, with their counts."""
    labels = {step.name: step.label for step in steps()}
    return [
        (_word(tables()[name].about if name in tables() else labels[step]), count)
        for step, found in effect.steps.items()
        for name, count in found.items()
        if count
    ]


def _in_words(row: Any) -> dict[str, Any]:
    return asdict(row) | {"about": _word(row.about)}


def _word(both: tuple[str, str]) -> str:
    return both[0] if (get_language() or "").startswith("en") else both[1]
