"""Django registration of the room."""

from django.apps import AppConfig


class SegmentsConfig(AppConfig):
    """The segments room."""

    name = "huitou.segments"
    label = "segments"
