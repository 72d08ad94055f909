"""What staff write down on the member page: attributes, tags, decisions on consent, contacts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from huitou.brands.models import Brand
from huitou.console.members_in_view import member_in_view
from huitou.console.profile_refusals import refusal_of, refusal_words
from huitou.kernel.errors import RefusedInputError
from huitou.kernel.lunar import LunarDay, stored_lunar_day
from huitou.kernel.lunar_words import LUNAR
from huitou.members import tags as member_tags
from huitou.members.attribute_values import Said, record_attributes
from huitou.members.attributes import attributes
from huitou.members.birthdays import declare_birthday
from huitou.members.consent import Evidence, record_consent
from huitou.members.models import Channel, ConsentSource, Decision, TagSource, ValueSource
from huitou.members.touchpoints import Met, record_touches
from huitou.ui.roles import permission_required

_FIELD = "a-"
_WAS = "was-"
ALL_CHANNELS = "all"


@require_POST
@permission_required("profile.edit")
def member_attributes(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Record the values that were changed (``a-CODE`` against ``was-CODE``)."""
    profile = member_in_view(request, public_id)
    given = request.POST
    said = [
        Said(profile.id, name.removeprefix(_FIELD), given[name])
        for name in given
        if name.startswith(_FIELD)
        and given[name].strip() != given.get(_WAS + name.removeprefix(_FIELD), "")
    ]
    own_words = given.get("source") != ValueSource.STAFF
    done = record_attributes(
        brand_id=request.scope.brand_id,
        said=said,
        source=ValueSource.DECLARED if own_words else ValueSource.STAFF,
        staff_id=request.user.pk,
        now=datetime.now(UTC),
    )
    labels = {one.code: one.label for one in attributes(request.scope.brand_id)}
    for refusal in done.refused:
        name = labels.get(said[refusal.position].code, said[refusal.position].code)
        messages.error(request, f"{name} – {refusal_words(refusal.code, refusal.message)}")
    if done.recorded:
        messages.success(request, _("Saved."))
    return redirect("member", public_id)


@require_POST
@permission_required("profile.edit")
def member_birthday(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Write down a birthday: ``calendar`` solar with ``date``, or lunar with ``month``, ``day``.

    ``month`` is ``06`` or ``06L``; the lunar ``year`` may be empty.
    """
    profile = member_in_view(request, public_id)
    return decided(
        request,
        public_id,
        _("Saved."),
        lambda: declare_birthday(
            brand_id=request.scope.brand_id,
            member_id=profile.id,
            birthday=_birthday_of(request),
            now=datetime.now(UTC),
        ),
    )


def _birthday_of(request: HttpRequest) -> date | LunarDay:
    given = request.POST
    if given.get("calendar") == LUNAR:
        parts = (given.get(name, "").strip() for name in ("year", "month", "day"))
        return stored_lunar_day("-".join(filter(None, parts)))
    try:
        return date.fromisoformat(given.get("date", "").strip())
    except ValueError as error:
        raise RefusedInputError("DATE", "Write a date such as 2026-05-01.") from error


@require_POST
@permission_required("profile.edit")
def member_tag(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Put or remove a tag (``act`` put or remove; ``tag``, ``until``, ``reason``)."""
    profile = member_in_view(request, public_id)
    brand = request.scope.brand
    is_removal = request.POST.get("act") == "remove"

    def change() -> None:
        tag_id = tag_id_of(request)
        act = act_of(request)
        if is_removal:
            member_tags.remove_tag(
                brand_id=brand.pk, tag_id=tag_id, member_ids=[profile.id], act=act
            )
        else:
            member_tags.put_tag(
                brand_id=brand.pk,
                tag_id=tag_id,
                member_ids=[profile.id],
                act=act,
                until=end_of_day(request.POST.get("until", ""), brand),
            )

    done = _("Tag removed.") if is_removal else _("Tag put.")
    return decided(request, public_id, done, change)


@require_POST
@permission_required("consent.edit")
def member_consent(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Record what the member told staff, with the proof; ``all`` channels to withdraw only."""
    profile = member_in_view(request, public_id)
    given = request.POST
    channel = given.get("channel", "")
    now = datetime.now(UTC)

    def record() -> None:
        if channel == ALL_CHANNELS and given.get("decision") == Decision.GRANTED:
            raise RefusedInputError("GRANT_CHANNEL", "A grant is for one channel; choose it.")
        with transaction.atomic():
            for one in Channel.values if channel == ALL_CHANNELS else [channel]:
                record_consent(
                    brand_id=request.scope.brand_id,
                    member_ids=[profile.id],
                    channel=one,
                    purpose=given.get("purpose", ""),
                    decision=given.get("decision", ""),
                    source=ConsentSource.STAFF,
                    evidence=Evidence(
                        given.get("place", ""), given.get("wording", ""), given.get("note", "")
                    ),
                    staff_id=request.user.pk,
                    now=now,
                )

    return decided(request, public_id, _("The decision is recorded and holds at once."), record)


@require_POST
@permission_required("profile.edit")
def member_touch(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Record a contact that has just been."""
    profile = member_in_view(request, public_id)
    now = datetime.now(UTC)
    met = Met(
        profile.id,
        request.POST.get("touchpoint", ""),
        now,
        request.POST.get("direction", ""),
        request.POST.get("summary", ""),
    )
    return decided(
        request,
        public_id,
        _("Saved."),
        lambda: record_touches(
            brand_id=request.scope.brand_id, met=[met], staff_id=request.user.pk, now=now
        ),
    )


def tag_id_of(request: HttpRequest) -> int:
    """The tag chosen; refused (code ``TAG``) without one."""
    text = request.POST.get("tag", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise RefusedInputError("TAG", "Choose a tag.")
    return int(text)


def act_of(request: HttpRequest) -> member_tags.Act:
    """The signed-in person acting now, with the reason they gave."""
    return member_tags.Act(
        source=TagSource.STAFF,
        now=datetime.now(UTC),
        staff_id=request.user.pk,
        reason=request.POST.get("reason", ""),
    )


def end_of_day(text: str, brand: Brand) -> datetime | None:
    """The last moment of a day in the brand's time zone; None for no day at all."""
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise RefusedInputError("DATE", "Write a date such as 2026-05-01.") from error
    return datetime.combine(day, time.max, ZoneInfo(brand.time_zone))


def decided(
    request: HttpRequest, public_id: UUID, done: str, decide: Callable[[], Any]
) -> HttpResponseBase:
    """Run ``decide``, say how it ended, and go back to the member."""
    try:
        decide()
    except RefusedInputError as error:
        messages.error(request, refusal_of(error))
    else:
        messages.success(request, done)
    return redirect("member", public_id)
