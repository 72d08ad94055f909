"""Django registration of the room."""

from django.apps import AppConfig


class CommerceConfig(AppConfig):
    """The commerce room."""

    name = "huitou.commerce"
    label = "commerce"

    def ready(self) -> None:
        """Declare what the room contributes to the lake."""
        from huitou.commerce.lake import register_tables

        register_tables()
