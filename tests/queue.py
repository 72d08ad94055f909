"""What was queued for the worker: the queue's tables are not emptied between tests."""

from __future__ import annotations

from typing import Any

from procrastinate.contrib.django.models import ProcrastinateJob

from huitou.brands.models import Brand


def queued(task: str, brand: Brand) -> list[dict[str, Any]]:
    """The arguments of the brand's jobs of a task, in order."""
    jobs = ProcrastinateJob.objects.filter(task_name=task, args__brand_id=brand.pk)
    return list(jobs.order_by("id").values_list("args", flat=True))
