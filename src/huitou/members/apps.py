"""Django registration of the room."""

from django.apps import AppConfig


class MembersConfig(AppConfig):
    """The members room."""

    name = "huitou.members"
    label = "members"

    def ready(self) -> None:
        """Declare what the room contributes to the lake, and what it keeps about people."""
        from huitou.members.lake import register_tables
        from huitou.members.personal import declare_tables

        register_tables()
        declare_tables()
