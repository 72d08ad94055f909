"""Django registration of the room."""

from django.apps import AppConfig


class MembersConfig(AppConfig):
    """The members room."""

    name = "huitou.members"
    label = "members"

    def ready(self) -> None:
        """Declare what the room contributes to the lake."""
        from huitou.members.lake import register_tables

        register_tables()
