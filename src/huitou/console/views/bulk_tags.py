"""A tag put on or removed from the members of the list: those chosen, or all that match."""

from __future__ import annotations

import importlib
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from huitou.console.profile_refusals import refusal_of
from huitou.console.views.members import among_of, list_scope, query_of, searched_of
from huitou.console.views.profile import act_of, end_of_day, tag_id_of
from huitou.kernel.errors import RefusedInputError
from huitou.members import queries as members
from huitou.members.tags import Changed, put_tag, remove_tag, tag_groups
from huitou.ui.numbers import count_parts
from huitou.ui.roles import permission_required

# Loads the analytic engine, which no other page needs.
insight = SimpleLazyObject(lambda: importlib.import_module("huitou.insight.queries"))

# So many are written while the person waits a few seconds.
MEMBERS_MAX = 100_000


@require_POST
@permission_required("profile.edit")
def bulk_tag(request: HttpRequest) -> HttpResponseBase:
    """Put or remove a tag (``act``); ``scope`` chosen (``member`` …) or all of ``filters``."""
    try:
        changed = _change(request)
    except RefusedInputError as error:
        messages.error(request, refusal_of(error))
    else:
        done = _("Members changed: %(members)s. The page of tags takes it back.")
        messages.success(request, done % {"members": count_parts(changed.accounts)})
    filters = QueryDict(request.POST.get("filters", "")).urlencode()
    return redirect(f"{reverse('members')}?{filters}")


def _change(request: HttpRequest) -> Changed:
    brand = request.scope.brand
    tag_id, act = tag_id_of(request), act_of(request)
    until = end_of_day(request.POST.get("until", ""), brand)
    chosen = _matching(request) if request.POST.get("scope") == "all" else _chosen(request)
    # Figures may be older than a merge or an undone import.
    people = sorted(set(members.persons_of(brand.pk, chosen).values()))
    if not people:
        raise RefusedInputError("NOBODY", "Choose members first.")
    if request.POST.get("act") == "remove":
        return remove_tag(brand_id=brand.pk, tag_id=tag_id, member_ids=people, act=act)
    return put_tag(brand_id=brand.pk, tag_id=tag_id, member_ids=people, act=act, until=until)


def _matching(request: HttpRequest) -> list[int]:
    """All members the conditions of the list lead to."""
    brand = request.scope.brand
    query = query_of(request, QueryDict(request.POST.get("filters", "")), tag_groups(brand.pk))
    among = among_of(brand.pk, query, searched_of(brand.pk, query))
    found: list[int] = insight.member_ids(list_scope(request, query), query.filters, among=among)
    if len(found) > MEMBERS_MAX:
        raise RefusedInputError("TOO_MANY", f"At most {MEMBERS_MAX} members at once.")
    return found


def _chosen(request: HttpRequest) -> list[int]:
    texts = request.POST.getlist("member")
    try:
        ids = [UUID(text) for text in texts]
    except ValueError as error:
        raise RefusedInputError("MEMBER", "This is no member.") from error
    return members.ids_by_public_id(request.scope.brand_id, ids)
