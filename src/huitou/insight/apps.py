"""Django registration of the room."""

from django.apps import AppConfig


class InsightConfig(AppConfig):
    """The insight room."""

    name = "huitou.insight"
    label = "insight"

    def ready(self) -> None:
        """Declare what the room knows of members; add the lake and traits to erasure and export."""
        from huitou.insight.erasure import register_steps
        from huitou.insight.facts import register_facts

        register_facts()
        register_steps()
