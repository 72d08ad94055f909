"""Batch reads of jobs for the doors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from huitou.jobs.models import UNFINISHED, Job


@dataclass(frozen=True)
class JobView:
    """A job as the tray shows it. ``percent`` is None while the total is unknown."""

    id: int
    kind: str
    subject: str
    state: str
    done: int
    total: int | None
    percent: int | None
    step: str
    message: str
    result_url: str
    created_at: datetime
    finished_at: datetime | None


def recent_jobs(
    brand_id: int, *, limit: int = 10, created_by_id: int | None = None
) -> list[JobView]:
    """The newest jobs of the brand, or of one person there, newest first."""
    jobs = Job.objects.filter(brand_id=brand_id)
    if created_by_id is not None:
        jobs = jobs.filter(created_by_id=created_by_id)
    return [_view(job) for job in jobs.order_by("-id")[:limit]]


def unfinished_jobs(brand_id: int, kind: str) -> list[JobView]:
    """The brand's jobs of a kind that wait or run, oldest first."""
    jobs = Job.objects.filter(brand_id=brand_id, kind=kind, state__in=UNFINISHED)
    return [_view(job) for job in jobs.order_by("id")]


def _view(job: Job) -> JobView:
    return JobView(
        id=job.pk,
        kind=job.kind,
        subject=job.subject,
        state=job.state,
        done=job.done,
        total=job.total,
        percent=min(100, job.done * 100 // job.total) if job.total else None,
        step=job.step,
        message=job.message,
        result_url=job.result_url,
        created_at=job.created_at,
        finished_at=job.finished_at,
    )
