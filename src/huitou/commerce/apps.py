"""Django registration of the room."""

from django.apps import AppConfig


class CommerceConfig(AppConfig):
    """The commerce room."""

    name = "huitou.commerce"
    label = "commerce"

    def ready(self) -> None:
        """Declare what the room contributes to the lake and knows of members."""
        from huitou.commerce.facts import register_facts
        from huitou.commerce.lake import register_tables

        register_tables()
        register_facts()
