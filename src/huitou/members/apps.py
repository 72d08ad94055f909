"""Django registration of the room."""

from django.apps import AppConfig


class MembersConfig(AppConfig):
    """The members room."""

    name = "huitou.members"
    label = "members"

    def ready(self) -> None:
        """Declare what the room contributes to the lake and knows of members."""
        from huitou.members.facts import profile_facts, register
        from huitou.members.lake import register_tables

        register_tables()
        register("profile", profile_facts)
