"""Django registration of the room."""

from django.apps import AppConfig


class IngestConfig(AppConfig):
    """The ingest room."""

    name = "huitou.ingest"
    label = "ingest"
