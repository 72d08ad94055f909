"""Django registration of the room."""

from django.apps import AppConfig


class CommerceConfig(AppConfig):
    """The commerce room."""

    name = "huitou.commerce"
    label = "commerce"

    def ready(self) -> None:
        """Declare what the room contributes to the lake, and what it keeps about people."""
        from huitou.commerce.lake import register_tables
        from huitou.commerce.personal import declare_tables

        register_tables()
        declare_tables()
