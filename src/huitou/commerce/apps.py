"""Django registration of the room."""

from django.apps import AppConfig


class CommerceConfig(AppConfig):
    """The commerce room."""

    name = "huitou.commerce"
    label = "commerce"
