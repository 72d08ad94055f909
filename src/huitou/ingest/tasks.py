"""Background entry points of imports."""

from __future__ import annotations

from procrastinate.contrib.django import app

from huitou.insight.tasks import refresh_soon


@app.task(name="ingest.import_batch", queue="imports")
def import_batch(batch_id: int) -> None:
    """Run the batch; a worker that died leaves it to the next one, which goes on."""
    # Imported here: every process registers the tasks, only the worker needs what they need.
    from huitou.ingest.services import run_batch

    batch = run_batch(batch_id)
    refresh_soon(batch.brand_id)


@app.task(name="ingest.undo_batch", queue="imports")
def undo_batch(batch_id: int, job_id: int) -> None:
    """Take the batch back."""
    from huitou.ingest.services import undo_batch_as_job

    batch = undo_batch_as_job(batch_id, job_id=job_id)
    refresh_soon(batch.brand_id)
