"""Django registration of the room."""

from django.apps import AppConfig


class InsightConfig(AppConfig):
    """The insight room."""

    name = "huitou.insight"
    label = "insight"

    def ready(self) -> None:
        """Add the lake to every erasure and the traits to every export."""
        from huitou.insight.erasure import register_steps

        register_steps()
