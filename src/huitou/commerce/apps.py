"""Django registration of the room."""

from django.apps import AppConfig


class CommerceConfig(AppConfig):
    """The commerce room."""

    name = "huitou.commerce"
    label = "commerce"

    def ready(self) -> None:
        """Declare the room's lake tables, what it knows of members, what it keeps about people."""
        from huitou.commerce.facts import register_facts
        from huitou.commerce.forgetting import register_steps
        from huitou.commerce.lake import register_tables
        from huitou.commerce.personal import declare_tables

        register_tables()
        register_facts()
        declare_tables()
        register_steps()
