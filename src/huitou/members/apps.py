"""Django registration of the room."""

from django.apps import AppConfig


class MembersConfig(AppConfig):
    """The members room."""

    name = "huitou.members"
    label = "members"
