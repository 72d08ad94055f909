"""The member list: search, conditions, totals, sorting, pages, export."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from huitou.console.exports import EXPORTS, SHEET_ROWS_MAX, record_export
from huitou.console.figures import words
from huitou.console.member_filters import MemberQuery, chips, field_values, parse_query
from huitou.console.member_rows import ListRow, list_rows
from huitou.console.trait_filters import FilterField, filter_field, is_chosen, parameter
from huitou.console.views.segment_keeping import saving
from huitou.insight.traits import BY_NAME, THEMES, Trait
from huitou.insight.types import MemberPage, Scope
from huitou.members import queries as members
from huitou.members.tagged import tagged_members
from huitou.members.tags import TagGroupView, tag_groups
from huitou.segments.queries import SegmentView, segment_view
from huitou.ui.navigation import page_url
from huitou.ui.numbers import half_up
from huitou.ui.roles import MEMBER_ROLES, roles_required

if TYPE_CHECKING:
    from huitou.insight.queries import MemberIds

# Loads the analytic engine, which no other page needs.
insight = SimpleLazyObject(lambda: importlib.import_module("huitou.insight.queries"))
files = SimpleLazyObject(lambda: importlib.import_module("huitou.segments.files"))

PAGE_ROWS = 25
# A search that finds more is shown up to here, and says so.
SEARCH_ROWS_MAX = 500
# Trait sorted by → heading.
COLUMNS = {
    "frequency": _("Purchases"),
    "monetary_minor": _("Amount spent"),
    "aov_minor": _("Average order"),
    "last_paid_at": _("Last purchase"),
}
# Conditions whose field is always there, and the ends of a range that always have one.
FIELDS = frozenset({"q", "shop", "rfm_group", "lifecycle_stage", "province"})
LOW_ENDS = frozenset({"monetary_minor", "frequency", "recency_days"})
# The texts of a trait to choose from, commonest first; a longer list is no longer read.
TEXTS_MAX = 200


@dataclass(frozen=True)
class SortLink:
    """A heading that sorts: ``state`` is '' or the value of aria-sort."""

    title: str
    url: str
    state: str


@roles_required(MEMBER_ROLES)
def members_list(request: HttpRequest) -> HttpResponse:
    """The list; a request of htmx gets only the part its target names."""
    brand = request.scope.brand
    groups = tag_groups(brand.pk)
    query = query_of(request, request.GET, groups)
    scope = list_scope(request, query)
    fresh = insight.freshness(scope)
    if fresh is None:
        empty = {"imports_url": page_url("imports")}
        return render(request, "console/members_empty.html", empty)
    searched = searched_of(brand.pk, query)
    found = find(scope, query, among_of(brand.pk, query, searched))
    fields = field_values(query, brand.currency)
    more = _more(request, scope, fields)
    shown = FIELDS.union(*(field.names for field in more["more"]), _low_names())
    rule = None if request.scope.shop_id else query.rule
    context = {
        "fresh": fresh,
        "query": query,
        "fields": fields,
        # Conditions without a field, such as a segment, travel with the form, hidden.
        "carried": {name: value for name, value in fields.items() if name not in shown},
        "chips": [
            (chip.text, _address(request.GET, *chip.parameters, value=chip.value))
            for chip in chips(query, brand.currency, request.scope.shops)
        ],
        "codes": {trait: _codes(trait) for trait in ("rfm_group", "lifecycle_stage")},
        "provinces": [name for name, _members in insight.choices(scope, "province")],
        **more,
        **({} if rule is None else saving(request, rule)),
        "may_save": request.scope.may("segments.edit"),
        "rows": _rows(request, found),
        "pages": _pages(query, found),
        "total": found.total,
        "sales_minor": found.sales_minor,
        "aov_minor": int(half_up(found.sales_minor / found.orders)) if found.orders else None,
        "headings": [_sort_link(request.GET, query, trait) for trait in COLUMNS],
        "cut": SEARCH_ROWS_MAX if searched and len(searched) > SEARCH_ROWS_MAX else None,
        "formats": EXPORTS,
        "imports_url": page_url("imports"),
        # For the form of conditions, and for that of tags on many members.
        "tag_groups": [group for group in groups if group.tags],
        "chosen_tags": query.tag_ids,
        "may_edit": request.scope.may("profile.edit"),
        "may_set_up": request.scope.may("profile.define"),
        "filters": request.GET.urlencode(),
    }
    return render(request, _template(request), context)


@roles_required(MEMBER_ROLES)
def members_filters(request: HttpRequest) -> HttpResponse:
    """The fields of conditions beside those always there, and one more for the trait ``add``."""
    query = query_of(request, request.GET, ())
    scope = list_scope(request, query)
    fields = field_values(query, request.scope.brand.currency)
    return render(request, "console/members_more.html", _more(request, scope, fields))


def _more(request: HttpRequest, scope: Scope, fields: Mapping[str, str]) -> dict[str, Any]:
    """The fields of traits that are asked for or to be added, and what else can be."""
    wanted, more, rest = request.GET.get("add", ""), [], []
    for theme in THEMES:
        others = []
        for trait in theme.traits:
            if trait.name in FIELDS:
                continue
            ends = ("max",) if trait.name in LOW_ENDS else ("min", "max")
            name = parameter(trait)
            names = [name] if is_chosen(trait) else [f"{name}_{end}" for end in ends]
            if trait.name == wanted or any(fields.get(one) for one in names):
                more.append(_field(request, scope, trait, fields, ends))
            else:
                others.append((trait.name, words(trait)))
        if others:
            rest.append((words(theme), others))
    return {"more": more, "rest": rest, "added": wanted}


def _field(
    request: HttpRequest,
    scope: Scope,
    trait: Trait,
    fields: Mapping[str, str],
    ends: Sequence[str],
) -> FilterField:
    texts = insight.choices(scope, trait.name)[:TEXTS_MAX] if trait.kind == "text" else ()
    return filter_field(
        trait,
        fields,
        currency=request.scope.brand.currency,
        found=[text for text, _members in texts],
        shops=request.scope.shops,
        ends=ends,
    )


def _low_names() -> list[str]:
    return [f"{parameter(BY_NAME[name])}_min" for name in LOW_ENDS]


def _codes(trait: str) -> list[tuple[str, str]]:
    return [(label.code, words(label, "")) for label in BY_NAME[trait].labels]


@roles_required(MEMBER_ROLES)
def members_export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The filtered list as a table, ``kind`` csv or xlsx; phones masked as on the page."""
    if kind not in EXPORTS:
        raise Http404
    brand = request.scope.brand
    query = query_of(request, request.GET, tag_groups(brand.pk))
    scope = list_scope(request, query)
    among = among_of(brand.pk, query, searched_of(brand.pk, query))
    total = insight.find_members(scope, query.filters, limit=1, among=among).total
    if kind == "xlsx" and total > SHEET_ROWS_MAX:
        context = {"rows": total, "rows_max": SHEET_ROWS_MAX}
        return render(request, "console/members_too_many.html", context, status=422)

    def batch(offset: int, limit: int) -> list[ListRow]:
        found = insight.find_members(
            scope,
            query.filters,
            sort=query.sort_trait,
            descending=query.descending,
            offset=offset,
            limit=limit,
            among=among,
        )
        return _rows(request, found)

    actor = request.actor()
    assert actor is not None  # the guard lets nobody in who is not signed in
    record_export(actor, total, _conditions(request.GET), brand_id=brand.pk)
    fresh = insight.freshness(scope)
    as_of = fresh.as_of if fresh else date.min
    return EXPORTS[kind](batch, brand=brand, total=total, name=f"members-{brand.slug}-{as_of}")


def _conditions(given: QueryDict) -> str:
    """The conditions of the list for the record; a text searched for may be a phone number."""
    said = given.copy()
    if said.get("q"):
        said["q"] = "***"
    return said.urlencode(safe="*")


def list_scope(request: HttpRequest, query: MemberQuery) -> Scope:
    """The brand, or the shop asked for in the list or chosen at the top."""
    shop_id = query.shop.pk if query.shop else request.scope.shop_id
    return Scope(brand_id=request.scope.brand_id, shop_id=shop_id)


def query_of(request: HttpRequest, given: QueryDict, groups: Sequence[TagGroupView]) -> MemberQuery:
    """What ``given`` asks of the list, as far as the person may ask it."""
    return parse_query(
        given,
        shops=request.scope.open_shops,
        currency=request.scope.brand.currency,
        zone=ZoneInfo(request.scope.brand.time_zone),
        groups=groups,
        segment=_segment_of(request, given.get("segment", "")),
    )


def _segment_of(request: HttpRequest, slug: str) -> SegmentView | None:
    """The segment asked for; segments are the whole brand's, and not for everybody."""
    if not slug or not request.scope.may("segments.view"):
        return None
    return segment_view(request.scope.brand, slug)


def searched_of(brand_id: int, query: MemberQuery) -> list[int] | None:
    """The members the search leads to, one more than are looked at; None without a search."""
    if not query.text:
        return None
    return members.search(brand_id, query.text, SEARCH_ROWS_MAX + 1)


def among_of(brand_id: int, query: MemberQuery, searched: list[int] | None) -> list[MemberIds]:
    """Sets of ids the members listed are in: the search's, each tag group's and the segment's."""
    among: list[MemberIds] = [] if searched is None else [searched[:SEARCH_ROWS_MAX]]
    if query.tags:
        among += tagged_members(brand_id, query.tag_ids, datetime.now(UTC))
    if query.segment:
        among.append(files.standing_members(brand_id, query.segment.id))
    return among


def find(scope: Scope, query: MemberQuery, among: Sequence[MemberIds]) -> MemberPage:
    """The page asked for."""
    page: MemberPage = insight.find_members(
        scope,
        query.filters,
        sort=query.sort_trait,
        descending=query.descending,
        offset=(query.page - 1) * PAGE_ROWS,
        limit=PAGE_ROWS,
        among=among,
    )
    return page


def _rows(request: HttpRequest, found: MemberPage) -> list[ListRow]:
    shops = {shop.pk: shop for shop in request.scope.shops}
    return list_rows(request.scope.brand, found.rows, shops)


def _pages(query: MemberQuery, found: MemberPage) -> Any:
    paginator = Paginator(range(found.total), PAGE_ROWS)
    return paginator.get_page(query.page)


def _sort_link(given: QueryDict, query: MemberQuery, trait: str) -> SortLink:
    """A first click sorts the largest first, the next turns the order around."""
    is_sorted = query.sort_trait == trait
    turned = trait if is_sorted and query.descending else f"-{trait}"
    state = ("descending" if query.descending else "ascending") if is_sorted else ""
    return SortLink(str(COLUMNS[trait]), _address(given, "sort", sort=turned), state)


def _address(given: QueryDict, *dropped: str, value: str = "", **changed: str) -> str:
    """The list's address with some parameters dropped or changed, back on the first page.

    With ``value`` the dropped parameters keep their other values.
    """
    parameters = given.copy()
    parameters.pop("page", None)
    for name in dropped:
        kept = [other for other in parameters.pop(name, []) if value and other != value]
        if kept:
            parameters.setlist(name, kept)
    for name, value in changed.items():
        parameters[name] = value
    return f"{reverse('members')}?{parameters.urlencode()}"


def _template(request: HttpRequest) -> str:
    """The whole page, also when the browser goes back; else the part htmx replaces."""
    if not request.htmx or request.htmx.history_restore_request:
        return "console/members.html"
    parts = {
        "members-results": "console/members_results.html",
        "members": "console/members_body.html",
    }
    return parts.get(request.htmx.target or "", "console/members.html")
