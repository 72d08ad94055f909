"""Ask for an erasure, see its effect, and run it step by step."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from huitou.kernel.errors import RefusedInputError
from huitou.privacy.models import PrivacyRequest, RequestKind, RequestState
from huitou.privacy.sought import Sought
from huitou.privacy.steps import ErasureWaitsError, shut_out_imports, steps
from huitou.privacy.subjects import Subject, reasoned, subject_of


@dataclass(frozen=True)
class Effect:
    """What an erasure of a member would touch: step → table or kind of file → how many."""

    steps: dict[str, dict[str, int]]

    @property
    def total(self) -> int:
        """Rows and files together."""
        return sum(sum(found.values()) for found in self.steps.values())


@transaction.atomic
def preview_erasure(*, brand_id: int, member_id: int) -> Effect:
    """The effect without doing anything. Raises ``RefusedInputError``: ``NO_MEMBER``."""
    return _effect(subject_of(brand_id, member_id))


def request_erasure(
    *, brand_id: int, member_id: int, reason: str, requested_by_id: int | None, now: datetime
) -> PrivacyRequest:
    """Begin the erasure of a member; from here on imports bring nothing of theirs back.

    An erasure of the member that is under way is returned again. Raises ``RefusedInputError``:
    ``NO_MEMBER``, ``NO_REASON``.
    """
    why = reasoned(reason)
    open_ones = PrivacyRequest.objects.filter(
        brand_id=brand_id, member_id=member_id, kind=RequestKind.ERASE
    ).exclude(state=RequestState.DONE)
    if (running := open_ones.first()) is not None:
        return running
    try:
        with transaction.atomic():
            subject = subject_of(brand_id, member_id)
            return PrivacyRequest.objects.create(
                brand_id=brand_id,
                kind=RequestKind.ERASE,
                state=RequestState.RUNNING,
                member_id=member_id,
                accounts=list(subject.accounts),
                reason=why,
                effect=_effect(subject).steps,
                sought=subject.sought.to_json(),
                requested_by_id=requested_by_id,
                created_at=now,
            )
    except IntegrityError:  # another asked at the same moment
        return open_ones.get()


def run_erasure(request_id: int, *, now: datetime) -> PrivacyRequest:
    """Do the steps that are not done yet, and note each.

    A step that cannot run yet leaves the request waiting, with the reason; run it again later. Two
    at once do no harm: every step may be done twice.
    """
    request = PrivacyRequest.objects.get(pk=request_id)
    if request.state == RequestState.DONE:
        return request
    subject = Subject(
        request.brand_id, tuple(request.accounts), Sought.from_json(request.sought or "{}")
    )
    for step in steps():
        if step.name in request.steps_done:
            continue
        try:
            with transaction.atomic() if step.in_transaction else nullcontext():
                if step.in_transaction:
                    shut_out_imports(request.brand_id)
                    subject = _as_they_are_now(request, subject)
                step.run(subject, now)
                request = _noted(request_id, step.name)
        except ErasureWaitsError as error:
            request.state, request.problem = RequestState.WAITING, str(error)[:300]
            request.save(update_fields=["state", "problem"])
            return request
    request.state, request.sought, request.finished_at = RequestState.DONE, None, now
    request.save(update_fields=["state", "sought", "finished_at"])
    return request


def _as_they_are_now(request: PrivacyRequest, asked: Subject) -> Subject:
    """The subject with what imports brought since the request; kept for the later steps."""
    try:
        now = subject_of(request.brand_id, request.member_id)
    except RefusedInputError:  # merged into another meanwhile: only who was asked about goes
        return asked
    PrivacyRequest.objects.filter(pk=request.pk).update(
        accounts=list(now.accounts), sought=now.sought.to_json()
    )
    return now


@transaction.atomic
def _noted(request_id: int, step: str) -> PrivacyRequest:
    """The request with ``step`` done."""
    request = PrivacyRequest.objects.select_for_update().get(pk=request_id)
    request.state, request.problem = RequestState.RUNNING, ""
    request.steps_done = [*request.steps_done, step]
    request.save(update_fields=["state", "problem", "steps_done"])
    return request


def unfinished_erasures() -> list[int]:
    """Requests to run again, oldest first."""
    found = PrivacyRequest.objects.filter(kind=RequestKind.ERASE).exclude(state=RequestState.DONE)
    return list(found.order_by("id").values_list("id", flat=True))


def _effect(subject: Subject) -> Effect:
    counts = ((step.name, dict(step.count(subject))) for step in steps())
    return Effect({name: found for name, found in counts if any(found.values())})
