"""Django registration of the room."""

from django.apps import AppConfig


class LakeConfig(AppConfig):
    """The lake room."""

    name = "huitou.lake"
    label = "lake"
