"""Django registration of the room."""

from django.apps import AppConfig


class BehaviourConfig(AppConfig):
    """The behaviour room."""

    name = "huitou.behaviour"
    label = "behaviour"

    def ready(self) -> None:
        """Declare what the room contributes to the lake, and what it keeps about people."""
        from huitou.behaviour.lake import register_tables
        from huitou.behaviour.personal import declare_tables

        register_tables()
        declare_tables()
