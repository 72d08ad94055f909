"""Who is one person: what waits for an answer, merging, splitting, and the rule of the keys."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from huitou.console import member_labels  # noqa: F401 -- adds the words these pages show
from huitou.console.members_in_view import member_in_view
from huitou.console.merging import Effect, Side, effects_of, sides_of
from huitou.eventlog.audit import row_detail
from huitou.jobs.models import UNFINISHED
from huitou.jobs.queries import recent_jobs
from huitou.jobs.services import create_job
from huitou.kernel.errors import RefusedInputError
from huitou.members import decisions, explanation, tasks
from huitou.members import queries as members
from huitou.members.components import MERGING_KINDS
from huitou.members.unification import policy_of
from huitou.ui.access import safe_next
from huitou.ui.roles import permission_required

PAGE_ROWS = 10
_REFUSALS = {
    "NOTHING_TO_MERGE": gettext_lazy("These are one person already."),
    "NOTHING_TO_SPLIT": gettext_lazy(
        "The member has no other account: there is nothing to part from."
    ),
    "NOT_ONE_PERSON": gettext_lazy("These accounts belong to several members."),
    "UNKNOWN_MEMBER": gettext_lazy("There is no such member."),
    "ALREADY_ANSWERED": gettext_lazy("Somebody has answered this already."),
}


@dataclass(frozen=True)
class Question:
    """A suggestion with the two persons and what merging them would do."""

    suggestion: explanation.OpenSuggestion
    sides: list[Side]
    effect: Effect


@permission_required("members.merge")
def review(request: HttpRequest) -> HttpResponse:
    """Suggestions, conflicting customers, keys that stopped merging, and the policy."""
    brand_id = request.scope.brand_id
    counts = explanation.open_counts(brand_id)
    part = request.GET.get("part", "")
    if part not in ("suggestions", "conflicts", "keys"):
        part = "suggestions" if counts["suggestions"] or not counts["conflicts"] else "conflicts"
    policy = policy_of(brand_id)
    context: dict[str, Any] = {
        "part": part,
        "counts": counts,
        "policy": policy,
        "policy_kinds": [(kind, kind in policy.kinds) for kind in MERGING_KINDS],
        "may_set_policy": request.scope.may("members.policy"),
    }
    if part == "keys":
        context["overused"] = explanation.overused_keys(brand_id)
    else:
        pages = Paginator(range(counts[part]), PAGE_ROWS).get_page(request.GET.get("page"))
        offset = (pages.number - 1) * PAGE_ROWS
        context["pages"] = pages
        if part == "suggestions":
            context["questions"] = _questions(brand_id, offset)
        else:
            context["conflicts"] = _conflicts(brand_id, offset)
    return render(request, "console/identity_review.html", context)


def _questions(brand_id: int, offset: int) -> list[Question]:
    found = explanation.open_suggestions(brand_id, offset=offset, limit=PAGE_ROWS)
    sides = sides_of(brand_id, {p for s in found for p in (s.a_person, s.b_person)})
    pairs = [[sides[s.a_person], sides[s.b_person]] for s in found]
    effects = effects_of(brand_id, pairs, datetime.now(UTC))
    return [Question(*each) for each in zip(found, pairs, effects, strict=True)]


def _conflicts(brand_id: int, offset: int) -> list[tuple[explanation.OpenConflict, Side]]:
    found = explanation.open_conflicts(brand_id, offset=offset, limit=PAGE_ROWS)
    sides = sides_of(brand_id, {conflict.person for conflict in found})
    return [(conflict, sides[conflict.person]) for conflict in found]


@require_POST
@permission_required("members.merge")
def look(request: HttpRequest) -> HttpResponseBase:
    """Look for suggestions in the background, unless that is under way."""
    brand = request.scope.brand
    if not any(j.kind == "suggest" and j.state in UNFINISHED for j in recent_jobs(brand.pk)):
        with transaction.atomic():
            job = create_job(
                brand_id=brand.pk,
                kind="suggest",
                subject=brand.name,
                created_by_id=request.user.pk,
            )
            tasks.suggest.defer(brand_id=brand.pk, job_id=job.pk)
    messages.success(request, _("Looking. The bell at the top shows when it is done."))
    return safe_next(request, "identity_review")


@require_POST
@permission_required("members.merge")
def suggestion(request: HttpRequest, suggestion_id: int) -> HttpResponseBase:
    """Answer a suggestion: ``same`` is 1 or 0."""
    same = request.POST.get("same") == "1"
    done = _("Merged. The member page can part them again.") if same else _("They stay apart.")
    return _decided(
        request,
        done,
        lambda: decisions.answer_suggestion(
            brand_id=request.scope.brand_id,
            suggestion_id=suggestion_id,
            same=same,
            actor_id=request.user.pk,
            now=datetime.now(UTC),
        ),
    )


@require_POST
@permission_required("members.merge")
def conflict(request: HttpRequest, conflict_id: int) -> HttpResponseBase:
    """Answer whether two names at one contact are one person: ``same`` is 1 or 0."""
    same = request.POST.get("same") == "1"
    done = _("Kept as one person.") if same else _("They are two members now.")
    return _decided(
        request,
        done,
        lambda: decisions.answer_conflict(
            brand_id=request.scope.brand_id,
            conflict_id=conflict_id,
            same=same,
            actor_id=request.user.pk,
            now=datetime.now(UTC),
        ),
    )


@permission_required("members.merge")
def merge(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Show what merging a member with another (``with``) would do, and do it on POST."""
    brand_id = request.scope.brand_id
    profile = member_in_view(request, public_id)
    wanted = (request.POST if request.method == "POST" else request.GET).get("with", "")
    others = [m for m in members.search(brand_id, wanted, PAGE_ROWS + 1) if m != profile.id]
    if request.method == "POST":
        if len(others) != 1:
            raise Http404
        with row_detail():
            decisions.merge(
                brand_id=brand_id,
                member_ids=[profile.id, others[0]],
                reason=request.POST.get("reason", ""),
                actor_id=request.user.pk,
                now=datetime.now(UTC),
            )
        messages.success(request, _("Merged. The member page can part them again."))
        person = members.persons_of(brand_id, [profile.id])[profile.id]
        return redirect("member", members.profiles(brand_id, [person])[person].public_id)
    sides = sides_of(brand_id, [profile.id, *others[:PAGE_ROWS]])
    own = sides.pop(profile.id)
    effects = effects_of(brand_id, [[own, side] for side in sides.values()], datetime.now(UTC))
    return render(
        request,
        "console/identity_merge.html",
        {
            "own": own,
            "wanted": wanted,
            "choices": list(zip(sides.values(), effects, strict=True)),
            "is_cut": len(others) > PAGE_ROWS,
        },
    )


@require_POST
@permission_required("members.merge")
def split(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Part the chosen accounts (``account``, member numbers in full) from the others."""
    brand_id = request.scope.brand_id
    profile = member_in_view(request, public_id)
    chosen = set(request.POST.getlist("account"))
    own = explanation.explain(brand_id, profile.id).accounts
    leaving = [account.id for account in own if str(account.public_id) in chosen]
    if not leaving:
        messages.error(request, _("Choose the accounts that are another person."))
        return safe_next(request)
    return _decided(
        request,
        _("Parted. Merging takes it back."),
        lambda: decisions.split(
            brand_id=brand_id,
            account_ids=leaving,
            reason=request.POST.get("reason", ""),
            actor_id=request.user.pk,
            now=datetime.now(UTC),
        ),
    )


@require_POST
@permission_required("members.policy")
def policy(request: HttpRequest) -> HttpResponseBase:
    """Set which keys merge; persons are found anew at once."""
    limit = request.POST.get("accounts_max", "")
    return _decided(
        request,
        _("Saved. Every member was looked at again."),
        lambda: decisions.set_policy(
            brand_id=request.scope.brand_id,
            kinds=request.POST.getlist("kind"),
            accounts_max=int(limit) if limit.isascii() and limit.isdigit() else 0,
            now=datetime.now(UTC),
        ),
        in_rows=False,  # it may touch every member
    )


def _decided(
    request: HttpRequest, done: str, decide: Any, *, in_rows: bool = True
) -> HttpResponseBase:
    """Run ``decide``, say how it ended, and go back to the page the person was on.

    The audit log says row by row whose accounts it moved, unless ``in_rows`` is False.
    """
    try:
        with row_detail() if in_rows else nullcontext():
            decide()
    except RefusedInputError as error:
        messages.error(request, _REFUSALS.get(error.code, str(error)))
    else:
        messages.success(request, done)
    return safe_next(request)
