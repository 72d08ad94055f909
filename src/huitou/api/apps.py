"""Django registration of the room."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The api room."""

    name = "huitou.api"
    label = "api"
