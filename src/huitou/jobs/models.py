"""Long work as a person sees it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand


class JobState(models.TextChoices):
    """Where a job stands."""

    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


class Job(models.Model):
    """One piece of long work with its progress."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=32)  # "import", "refresh", "undo", "export"
    subject = models.CharField(max_length=200)  # what a person recognises: a file name
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)  # null: not known
    # What it does now, or what ``message`` is of: a code of ``ui.labels.JOB_STEPS``, or ''.
    step = models.CharField(max_length=32, blank=True, db_default="")
    message = models.TextField(blank=True, default="")
    result_url = models.CharField(max_length=200, blank=True, default="")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("job")
        ordering = ["-id"]
        indexes = [models.Index(fields=["brand", "-id"], name="job_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
