"""Django registration of the room."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string


class EventlogConfig(AppConfig):
    """The eventlog room."""

    name = "huitou.eventlog"
    label = "eventlog"

    def ready(self) -> None:
        """Let connections know who writes, and tables have their triggers once all exist.

        Declares what the room keeps about people.
        """
        from huitou.eventlog.audit import tell_connection
        from huitou.eventlog.personal import declare_tables
        from huitou.vault.resealing import RowCopies, register_copies

        declare_tables()
        register_copies(RowCopies("eventlog_beforeimage", of="table_name", row="before"))

        connection_created.connect(tell_connection, dispatch_uid="eventlog.audit")
        post_migrate.connect(_install, dispatch_uid="eventlog.audit")


def _install(**options: Any) -> None:
    from django.apps import apps

    from huitou.eventlog.audit import install_triggers

    # The signal comes once per app with tables; at the last one all tables exist.
    told = [app for app in apps.get_app_configs() if app.models_module is not None]
    if options["sender"] is told[-1]:
        install_triggers(import_string(settings.AUDITED_TABLES))
