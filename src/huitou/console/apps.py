"""Django registration of the room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from huitou.ui.navigation import NavItem, register


class ConsoleConfig(AppConfig):
    """The console room."""

    name = "huitou.console"
    label = "console"

    def ready(self) -> None:
        """List the console's own pages in the side bar."""
        from huitou.ui.roles import MEMBER_ROLES

        register(
            NavItem(
                "overview",
                _("Business overview"),
                "dashboard",
                icon="layout-dashboard",
                order=10,
            )
        )
        register(
            NavItem(
                "customers",
                _("Member list"),
                "members",
                icon="users",
                order=10,
                also=("member", "member_merge"),
                roles=MEMBER_ROLES,
            )
        )
        register(
            NavItem(
                "customers",
                _("One person?"),
                "identity_review",
                icon="users-group",
                order=20,
                permission="members.merge",
            )
        )
        register(
            NavItem(
                "settings",
                _("Staff"),
                "staff",
                icon="user-cog",
                order=10,
                also=("staff_person", "staff_invite", "staff_account"),
                permission="staff.manage",
            )
        )
        register(
            NavItem(
                "settings",
                _("Audit log"),
                "audit",
                icon="history",
                order=20,
                permission="audit.view",
            )
        )
