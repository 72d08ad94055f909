"""Django registration of the room."""

from django.apps import AppConfig


class InsightConfig(AppConfig):
    """The insight room."""

    name = "huitou.insight"
    label = "insight"
