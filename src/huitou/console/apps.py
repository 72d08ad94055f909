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
        from huitou.ui.roles import IDENTITY_ROLES, MEMBER_ROLES, OWNER_ROLES

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
                also=(
                    "member",
                    "member_merge",
                    "member_contact",
                    "member_personal_data",
                    "member_erase",
                ),
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
                roles=IDENTITY_ROLES,
            )
        )
        register(
            NavItem(
                "data", _("Privacy"), "privacy", icon="shield-lock", order=90, roles=OWNER_ROLES
            )
        )
