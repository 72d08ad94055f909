"""Background entry points of insight."""

from __future__ import annotations

from procrastinate.contrib.django import app


@app.task(name="insight.refresh_brand", queue="insight")
def refresh_brand(brand_id: int, job_id: int | None = None) -> None:
    """Refresh a brand's figures; the job, when there is one, says how far and how it ended."""
    # Imported here: every process registers the tasks, only the worker needs what they need.
    from huitou.insight.services import refresh_as_job

    refresh_as_job(brand_id, job_id=job_id)
