"""Django registration of the room."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """The ui room."""

    name = "huitou.ui"
    label = "ui"

    def ready(self) -> None:
        """Register the system checks."""
        from huitou.ui import checks  # noqa: F401
