"""Django registration of the room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from huitou.ui.labels import FAMILIES, Label
from huitou.ui.navigation import NavItem, register

BATCH_STATES = {
    "queued": Label(_("Waiting"), "grey"),
    "running": Label(_("Running"), "blue"),
    "done": Label(_("Done"), "green"),
    "failed": Label(_("Failed"), "red"),
    "undone": Label(_("Undone"), "orange"),
}


class IngestConfig(AppConfig):
    """The ingest room."""

    name = "huitou.ingest"
    label = "ingest"

    def ready(self) -> None:
        """List the room's pages in the side bar, and name the states of an import."""
        from huitou.ingest.erasure import register_steps
        from huitou.ingest.personal import declare_tables
        from huitou.ui.roles import IMPORT_ROLES

        declare_tables()
        register_steps()

        FAMILIES["batch_state"] = BATCH_STATES
        imports = NavItem(
            "data",
            _("Imports"),
            "imports",
            icon="file-import",
            order=10,
            also=("import_batch", "mapping"),
            roles=IMPORT_ROLES,
        )
        register(imports)
        quarantine = NavItem(
            "data",
            _("Quarantine"),
            "quarantine_all",
            icon="alert-triangle",
            order=20,
            also=("quarantine",),
            roles=IMPORT_ROLES,
        )
        register(quarantine)
