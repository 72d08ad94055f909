"""Django registration of the room."""

from django.apps import AppConfig


class EventlogConfig(AppConfig):
    """The eventlog room."""

    name = "huitou.eventlog"
    label = "eventlog"

    def ready(self) -> None:
        """Declare what the room keeps about people."""
        from huitou.eventlog.personal import declare_tables

        declare_tables()
