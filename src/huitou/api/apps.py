"""Django registration of the room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from huitou.ui.labels import FAMILIES, Label
from huitou.ui.navigation import NavItem, register

HOOK_STATES = {
    "waiting": Label(_("Waiting"), "grey"),
    "done": Label(_("Done"), "green"),
    "failed": Label(_("Failed"), "red"),
}
DELIVERY_STATES = {
    "waiting": Label(_("Waiting"), "grey"),
    "sending": Label(_("Sending"), "blue"),
    "sent": Label(_("Sent"), "green"),
    "failed": Label(_("Given up"), "red"),
}


class ApiConfig(AppConfig):
    """The api room."""

    name = "huitou.api"
    label = "api"

    def ready(self) -> None:
        """List the room's pages, name the states of its messages, declare what it keeps."""
        from huitou.api.personal import declare_tables

        declare_tables()
        FAMILIES["hook_state"] = HOOK_STATES
        FAMILIES["delivery_state"] = DELIVERY_STATES
        pages = (
            (_("API keys"), "api_keys", "key", "api_keys.manage"),
            (_("Platform connections"), "connections", "plug-connected", "webhooks.manage"),
            (_("Webhooks"), "webhooks", "webhook", "webhooks.manage"),
        )
        for order, (label, url_name, icon, permission) in enumerate(pages):
            register(
                NavItem(
                    "interfaces", label, url_name, icon=icon, order=order, permission=permission
                )
            )
