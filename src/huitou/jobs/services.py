"""The only writers of jobs."""

from __future__ import annotations

from datetime import datetime

from huitou.jobs.models import Job, JobState


def create_job(*, brand_id: int, kind: str, subject: str, created_by_id: int | None = None) -> Job:
    """A waiting job of ``kind`` on ``subject`` (what a person recognises, such as a file name)."""
    return Job.objects.create(
        brand_id=brand_id, kind=kind, subject=subject[:200], created_by_id=created_by_id
    )


def start_job(job_id: int, *, total: int | None, now: datetime) -> None:
    """Mark the job running; a resumed job keeps its first start."""
    Job.objects.filter(pk=job_id, started_at=None).update(started_at=now)
    Job.objects.filter(pk=job_id).update(
        state=JobState.RUNNING, total=total, step="", message="", finished_at=None
    )


def advance_job(
    job_id: int, *, done: int, total: int | None = None, step: str | None = None
) -> None:
    """Say how far the job is and what it does; ``total`` and ``step`` change only when given."""
    given = {"done": done, "total": total, "step": step}
    changes = {name: value for name, value in given.items() if value is not None}
    Job.objects.filter(pk=job_id).update(**changes)


def finish_job(
    job_id: int, *, now: datetime, message: str = "", step: str = "", result_url: str = ""
) -> None:
    """Mark the job done; ``step`` says what ``message`` is of."""
    Job.objects.filter(pk=job_id).update(
        state=JobState.DONE, finished_at=now, message=message, step=step, result_url=result_url
    )


def fail_job(job_id: int, *, now: datetime, message: str) -> None:
    """Mark the job failed with what a person can do about it."""
    Job.objects.filter(pk=job_id).update(
        state=JobState.FAILED, finished_at=now, step="", message=message[:2000]
    )
