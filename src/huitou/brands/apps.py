"""Django registration of the room."""

from django.apps import AppConfig


class BrandsConfig(AppConfig):
    """The brands room."""

    name = "huitou.brands"
    label = "brands"

    def ready(self) -> None:
        """Declare what the room keeps about people."""
        from huitou.brands.personal import declare_tables

        declare_tables()
