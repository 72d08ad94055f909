"""Where the files of imports lie, and how they go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from huitou.ingest.models import Batch, BatchState

# Imports that still need their file.
OPEN_STATES = (BatchState.QUEUED, BatchState.RUNNING, BatchState.FAILED)


def stored_path(batch: Batch) -> Path:
    """Where the batch's file lies."""
    return Path(settings.UPLOADS_ROOT) / batch.file_path


def remove_files(batches: Sequence[Batch]) -> int:
    """Remove the files of ``batches``, but not one that an open import needs; how many went."""
    names = {batch.file_path for batch in batches}
    needed = Batch.objects.filter(file_path__in=names, state__in=OPEN_STATES)
    removed = 0
    for name in sorted(names - set(needed.values_list("file_path", flat=True))):
        path = Path(settings.UPLOADS_ROOT) / name
        if path.exists():
            path.unlink(missing_ok=True)
            removed += 1
    return removed
