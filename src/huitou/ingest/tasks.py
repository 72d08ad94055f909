"""Background entry points of imports."""

from __future__ import annotations

from procrastinate.contrib.django import app

from huitou.ingest.services import run_batch


@app.task(name="ingest.import_batch", queue="imports", pass_context=False)
def import_batch(batch_id: int) -> None:
    """Run the batch; a worker that died leaves it to the next one, which goes on."""
    run_batch(batch_id)
