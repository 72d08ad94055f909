"""The side bar: each door registers its own pages, so that only pages that exist are listed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from huitou.brands.models import Role
    from huitou.ui.scope import RequestScope

# Groups in the order of the side bar.
GROUPS = {
    "overview": _("Overview"),
    "customers": _("Customers"),
    "data": _("Data"),
    "settings": _("Settings"),
}


@dataclass(frozen=True)
class NavItem:
    """One page of the side bar.

    ``url_name`` is the page's own address; ``also`` are the names of pages below it, which keep
    this item marked as the present one. ``order`` sorts within the group. Only people with one of
    ``roles`` see it, or with ``permission``; neither means everybody.
    """

    group: str
    label: str | Promise
    url_name: str
    icon: str
    order: int = 100
    also: tuple[str, ...] = ()
    roles: frozenset[Role] | None = None
    permission: str = ""


@dataclass(frozen=True)
class NavGroup:
    """A titled run of items as the template prints it: ``(item, url, is_current)``."""

    label: str | Promise
    entries: list[tuple[NavItem, str, bool]] = field(default_factory=list)


_items: dict[str, NavItem] = {}


def register(item: NavItem) -> None:
    """Add a page to the side bar; called from ``AppConfig.ready()``. Registering twice is harmless.

    Raises ``ValueError`` for a group that does not exist.
    """
    if item.group not in GROUPS:
        raise ValueError(f"unknown navigation group {item.group!r}; known: {', '.join(GROUPS)}")
    _items[item.url_name] = item


def registered() -> Iterable[NavItem]:
    """Every registered page."""
    return tuple(_items.values())


def page_url(url_name: str) -> str | None:
    """The address of a page of any door, or None where that door is not installed."""
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return None


def _may_see(scope: RequestScope, item: NavItem) -> bool:
    return scope.may(item.permission) if item.permission else scope.allows(item.roles)


def side_bar(current: str | None, scope: RequestScope) -> list[NavGroup]:
    """The groups that have pages for the person, with the page named ``current`` marked."""
    groups = []
    for code, label in GROUPS.items():
        group = NavGroup(label)
        ordered = sorted(
            (i for i in _items.values() if i.group == code and _may_see(scope, i)),
            key=lambda i: i.order,
        )
        for item in ordered:
            is_current = current == item.url_name or current in item.also
            group.entries.append((item, reverse(item.url_name), is_current))
        if group.entries:
            groups.append(group)
    return groups
