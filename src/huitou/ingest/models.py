"""Batches of imported rows, what was refused, and remembered mappings."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand, Shop
from huitou.jobs.models import Job


class BatchState(models.TextChoices):
    """Where an import stands."""

    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    UNDONE = "undone", _("Undone")


class Batch(models.Model):
    """One file imported into one shop. ``rows = stored + updated + unchanged + quarantined``."""

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=255)
    file_path = models.CharField(max_length=400)  # below HUITOU_HOME/uploads
    file_sha256 = models.CharField(max_length=64)
    file_bytes = models.BigIntegerField()
    format = models.CharField(max_length=64)
    header = models.JSONField(default=list)  # the column names as read
    mapping = models.JSONField(null=True)  # the mapping file used, when it is not a known format
    state = models.CharField(max_length=10, choices=BatchState.choices, default=BatchState.QUEUED)
    # Rows consumed and committed: where a killed import goes on.
    position = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    stored = models.BigIntegerField(default=0)
    updated = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    quarantined = models.BigIntegerField(default=0)
    repeated = models.BigIntegerField(default=0)  # of the unchanged: repeated within the file
    orders = models.BigIntegerField(default=0)
    lines = models.BigIntegerField(default=0)
    without_buyer = models.BigIntegerField(default=0)  # orders that belong to no member
    paid_minor = models.BigIntegerField(default=0)  # control total: the file's own paid column
    refunded_minor = models.BigIntegerField(default=0)
    warnings = models.JSONField(default=dict)  # code → count
    error = models.TextField(blank=True, default="")
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    # The batch whose quarantined rows this one brings back corrected.
    retries = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    retry_rows = models.JSONField(null=True)  # original row number of each row of this file
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("import batch")
        ordering = ["-id"]
        indexes = [models.Index(fields=["brand", "-id"], name="batch_newest")]

    def __str__(self) -> str:
        return f"{self.file_name} #{self.pk}"


class QuarantinedRow(models.Model):
    """A refused input row: its number, the reason and the original text."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="+")
    row_no = models.BigIntegerField()  # 1 is the first row under the header
    line_no = models.BigIntegerField(null=True)  # physical line in the file where it starts
    code = models.CharField(max_length=40)
    column = models.CharField(max_length=120, db_default="")
    value = models.CharField(max_length=400, db_default="")
    original = models.JSONField()  # the cells as read, by position
    resolved_by = models.ForeignKey(
        Batch, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("quarantined row")
        constraints = [
            models.UniqueConstraint(fields=["batch", "row_no"], name="quarantine_row_unique"),
        ]

    def __str__(self) -> str:
        return f"#{self.batch_id}:{self.row_no} {self.code}"


class SavedMapping(models.Model):
    """A column mapping an operator confirmed, remembered by the file's header."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="+")
    header_digest = models.CharField(max_length=64)
    name = models.CharField(max_length=120)
    mapping = models.JSONField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("saved mapping")
        constraints = [
            models.UniqueConstraint(fields=["brand", "header_digest"], name="mapping_per_header"),
        ]

    def __str__(self) -> str:
        return self.name
