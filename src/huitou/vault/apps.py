"""Django registration of the room."""

from django.apps import AppConfig


class VaultConfig(AppConfig):
    """The vault room."""

    name = "huitou.vault"
    label = "vault"
