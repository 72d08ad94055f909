"""Django registration of the room."""

from django.apps import AppConfig


class MembersConfig(AppConfig):
    """The members room."""

    name = "huitou.members"
    label = "members"

    def ready(self) -> None:
        """Declare tables of the lake, what is known of members and kept of people, documents."""
        from huitou.members.configuration import register_kinds
        from huitou.members.facts import profile_facts, register
        from huitou.members.lake import register_tables
        from huitou.members.personal import declare_tables

        register_tables()
        register("profile", profile_facts)
        declare_tables()
        register_kinds()
