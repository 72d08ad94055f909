"""Django registration of the room."""

from django.apps import AppConfig


class SegmentsConfig(AppConfig):
    """The segments room."""

    name = "huitou.segments"
    label = "segments"

    def ready(self) -> None:
        """Declare what the room keeps about people, and its documents of configuration."""
        from huitou.segments.configuration import register_kinds
        from huitou.segments.personal import declare_tables

        declare_tables()
        register_kinds()
