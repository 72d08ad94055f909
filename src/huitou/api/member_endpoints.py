"""The endpoints of members: sent, found, explained, merged and split."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from ninja import Router

from huitou.api import decisions
from huitou.api.access import Bearer, caller, refuse_other_shops, sender_of
from huitou.api.answers import answered, described, refuse, said
from huitou.api.bodies import read_json
from huitou.api.intake.identifiers import key_value
from huitou.api.intake.members import take_members
from huitou.api.messages import (
    FoundIdentity,
    FoundMember,
    IdentifierKind,
    MemberBatch,
    MemberSegment,
    MemberSegments,
    MergeWanted,
    SplitWanted,
)
from huitou.api.problems import Problem
from huitou.api.rules import member_faults, named_faults
from huitou.brands.models import Brand, Scope
from huitou.kernel.errors import RefusedInputError
from huitou.members.lookup import KnownMember, member_by_identifier, member_by_public_id
from huitou.members.queries import ids_by_public_id, masked, persons_of, shown_value

router = Router()
# Loads the analytic engine, which no other endpoint needs.
belonging = SimpleLazyObject(lambda: importlib.import_module("huitou.segments.belonging"))


@router.post(
    "/members",
    auth=Bearer(Scope.MEMBERS_WRITE),
    operation_id="send_members",
    openapi_extra=described(body="MemberBatch", answer="Answer"),
)
def send_members(request: HttpRequest) -> HttpResponse:
    """Record up to 1,000 declared member profiles."""
    batch = read_json(request, MemberBatch)
    who = caller(request)
    now = datetime.now(UTC)
    refuse(
        [
            f
            for at, m in enumerate(batch.members)
            for f in member_faults(m, f"/members/{at}", now=now)
        ]
    )
    refuse_other_shops(who, batch.members)
    items = take_members(sender_of(who), batch.members, now=now, origin=batch.origin)
    return answered(items)


@router.get(
    "/members",
    auth=Bearer(Scope.MEMBERS_READ, Scope.MEMBERS_READ_PII),
    operation_id="find_member",
    openapi_extra=described(answer="FoundMember", extra=[404]),
)
def find_member(request: HttpRequest, kind: IdentifierKind, value: str) -> HttpResponse:
    """The member with an identifier, such as ``kind=phone&value=13800001234``."""
    key = None if "\x00" in value else key_value(kind, value[:254])
    found = member_by_identifier(caller(request).brand_id, kind, key) if key else None
    return _shown(request, found)


@router.post(
    "/members/merge",
    auth=Bearer(Scope.MEMBERS_MERGE),
    operation_id="merge_members",
    openapi_extra=described(body="MergeWanted", answer="Decided", extra=[404]),
)
def merge_members(request: HttpRequest) -> HttpResponse:
    """Make members one person. The same again changes nothing; splitting takes it back."""
    wanted = read_json(request, MergeWanted)
    refuse(named_faults(wanted.members, "/members"))
    return said(
        decisions.merge(
            brand_id=caller(request).brand_id,
            members=wanted.members,
            reason=wanted.reason,
            now=datetime.now(UTC),
        )
    )


@router.post(
    "/members/split",
    auth=Bearer(Scope.MEMBERS_MERGE),
    operation_id="split_member",
    openapi_extra=described(body="SplitWanted", answer="Decided", extra=[404]),
)
def split_member(request: HttpRequest) -> HttpResponse:
    """Part accounts from the others of their member, whatever keys they share.

    The same again changes nothing; merging takes it back.
    """
    wanted = read_json(request, SplitWanted)
    refuse(named_faults(wanted.accounts, "/accounts"))
    return said(
        decisions.split(
            brand_id=caller(request).brand_id,
            accounts=wanted.accounts,
            reason=wanted.reason,
            now=datetime.now(UTC),
        )
    )


@router.get(
    "/members/{public_id}",
    auth=Bearer(Scope.MEMBERS_READ, Scope.MEMBERS_READ_PII),
    operation_id="get_member",
    openapi_extra=described(answer="FoundMember", extra=[404]),
)
def get_member(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The member with a public id."""
    return _shown(request, member_by_public_id(caller(request).brand_id, public_id))


@router.get(
    "/members/{public_id}/explain",
    auth=Bearer(Scope.MEMBERS_READ, Scope.MEMBERS_READ_PII),
    operation_id="explain_member",
    openapi_extra=described(answer="ExplainedMember", extra=[404]),
)
def explain_member(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Why the accounts of a member are one person; contacts are masked for every key."""
    return said(decisions.explained(caller(request).brand_id, public_id))


@router.get(
    "/members/{public_id}/segments",
    auth=Bearer(Scope.MEMBERS_READ, Scope.MEMBERS_READ_PII),
    operation_id="list_segments_of_member",
    openapi_extra=described(answer="MemberSegments", extra=[404]),
)
def list_segments_of_member(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The segments a member is in now, by the records as they are; not for keys of one shop."""
    who = caller(request)
    if who.shop_id is not None:
        raise Problem(403, "BRAND_WIDE", "Segments are the whole brand's: use a key for all shops.")
    found = ids_by_public_id(who.brand_id, [public_id])
    persons = persons_of(who.brand_id, found)
    if not persons:
        raise Problem(404, "UNKNOWN_MEMBER", "No member of this brand has this identifier.")
    (person,) = persons.values()
    answer = MemberSegments(str(public_id), None, [])
    try:
        brand = Brand.objects.get(pk=who.brand_id)
        standings = belonging.standings(brand, person, now=datetime.now(UTC))
    except RefusedInputError:  # no figures yet
        return said(answer)
    answer.at = standings.at
    answer.segments = [MemberSegment(one.slug, one.name, one.since) for one in standings.segments]
    return said(answer)


def _shown(request: HttpRequest, found: KnownMember | None) -> HttpResponse:
    if found is None:
        raise Problem(404, "UNKNOWN_MEMBER", "No member of this brand has this identifier.")
    hidden = Scope.MEMBERS_READ_PII not in caller(request).scopes
    hide = masked if hidden else str
    lunar = found.birthday.lunar
    return said(
        FoundMember(
            id=str(found.public_id),
            name=found.name,
            phone=hide(found.phone),
            email=hide(found.email) if found.email else "",
            gender=found.gender,
            birthday=None if hidden else found.birthday.solar,
            lunar_birthday="" if hidden or not lunar else str(lunar),
            province=found.province,
            city=found.city,
            created_at=found.created_at,
            masked=hidden,
            identities=[
                FoundIdentity(platform, kind, shown_value(kind, value) if hidden else value)
                for platform, kind, value in found.identities
            ],
        )
    )
