"""Django registration of the room."""

from django.apps import AppConfig


class EventlogConfig(AppConfig):
    """The eventlog room."""

    name = "huitou.eventlog"
    label = "eventlog"
