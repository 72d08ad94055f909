"""Django registration of the room."""

from django.apps import AppConfig


class BrandsConfig(AppConfig):
    """The brands room."""

    name = "huitou.brands"
    label = "brands"
