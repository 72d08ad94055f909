"""Django registration of the room."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """The jobs room."""

    name = "huitou.jobs"
    label = "jobs"

    def ready(self) -> None:
        """Declare what the room keeps about people."""
        from huitou.jobs.personal import declare_tables

        declare_tables()
