"""Django registration of the room."""

from django.apps import AppConfig


class BehaviourConfig(AppConfig):
    """The behaviour room."""

    name = "huitou.behaviour"
    label = "behaviour"

    def ready(self) -> None:
        """Declare what the room contributes to the lake."""
        from huitou.behaviour.lake import register_tables

        register_tables()
