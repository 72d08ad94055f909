"""Django registration of the room."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The console room."""

    name = "huitou.console"
    label = "console"
