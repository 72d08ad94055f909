"""Django registration of the room."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """The jobs room."""

    name = "huitou.jobs"
    label = "jobs"
