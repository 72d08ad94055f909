"""Django registration of the room."""

from dataclasses import replace

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from huitou.ui.navigation import NavItem, register

# They mark the member list as the present page.
_MEMBER_PAGES = (
    "member",
    "member_merge",
    "member_contact",
    "member_elsewhere",
    "member_personal_data",
    "member_erase",
)
_SEGMENT_PAGES = (
    "segment",
    "segment_new",
    "segment_edit",
    "segment_saved",
    "segment_drill",
    "segment_matrix",
    "segment_overlap",
    "segment_compare",
)
_STAFF_PAGES = ("staff_person", "staff_invite", "staff_account")

# In each group in this order.
PAGES = (
    NavItem(
        "overview",
        _("Business overview"),
        "dashboard",
        icon="layout-dashboard",
        permission="dashboard.view",
    ),
    NavItem("overview", _("Life cycle"), "lifecycle", icon="recycle", permission="dashboard.view"),
    NavItem("overview", _("Customer value"), "value", icon="diamond", permission="dashboard.view"),
    NavItem("overview", _("Funnels"), "funnel", icon="filter-2", permission="dashboard.view"),
    NavItem(
        "overview",
        _("Bought together"),
        "association",
        icon="basket",
        permission="dashboard.view",
    ),
    NavItem(
        "customers",
        _("Member list"),
        "members",
        icon="users",
        permission="members.view",
        also=_MEMBER_PAGES,
    ),
    NavItem(
        "customers",
        _("Segments"),
        "segments",
        icon="filter",
        permission="segments.view",
        also=_SEGMENT_PAGES,
    ),
    NavItem(
        "customers",
        _("One person?"),
        "identity_review",
        icon="users-group",
        permission="members.merge",
    ),
    NavItem("customers", _("Tags"), "tags", icon="tags", permission="members.view"),
    NavItem(
        "customers", _("Attributes"), "attributes", icon="list-details", permission="members.view"
    ),
    NavItem(
        "customers", _("Touchpoints"), "touchpoints", icon="map-pin", permission="members.view"
    ),
    NavItem(
        "settings",
        _("Staff"),
        "staff",
        icon="user-cog",
        permission="staff.manage",
        also=_STAFF_PAGES,
    ),
    NavItem("settings", _("Audit log"), "audit", icon="history", permission="audit.view"),
    NavItem("settings", _("Privacy"), "privacy", icon="shield-lock", permission="privacy.manage"),
)


class ConsoleConfig(AppConfig):
    """The console room."""

    name = "huitou.console"
    label = "console"

    def ready(self) -> None:
        """List the console's own pages in the side bar."""
        for order, item in enumerate(PAGES):
            register(replace(item, order=order))
