"""The child process of the kill test: goes on with a batch until it is done or killed."""

from __future__ import annotations


def go_on(database: str, home: str, batch_id: int, chunk_rows: int) -> None:
    """Run the batch against the test database ``database`` with the keys and files in ``home``."""
    import os
    from pathlib import Path

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huitou.config.settings")
    import django
    from django.conf import settings
    from django.db import connections

    django.setup()
    connections.databases["default"]["NAME"] = database
    settings.HUITOU_HOME = Path(home)
    settings.UPLOADS_ROOT = Path(home) / "uploads"
    from huitou.ingest.services import run_batch

    run_batch(batch_id, chunk_rows=chunk_rows)
