"""Work that keeps the job queue itself in order."""

from __future__ import annotations

import logging

from procrastinate.contrib.django import app
from procrastinate.job_context import JobContext

logger = logging.getLogger(__name__)

# Three missed heartbeats: the worker is gone, or its machine is.
_STALLED_SECONDS = 30
_KEEP_FINISHED_HOURS = 72


@app.periodic(cron="* * * * *")
@app.task(pass_context=True, queueing_lock="retry_stalled_jobs")
async def retry_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """Queue again the jobs of workers that stopped without a word."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED_SECONDS):
        logger.warning("Job %s of a lost worker starts again", job.id)
        await manager.retry_job(job)


@app.periodic(cron="17 3 * * *")
@app.task(pass_context=True, queueing_lock="remove_finished_jobs")
async def remove_finished_jobs(context: JobContext, timestamp: int) -> None:
    """Forget jobs that were done three days ago."""
    await context.app.job_manager.delete_old_jobs(nb_hours=_KEEP_FINISHED_HOURS)
