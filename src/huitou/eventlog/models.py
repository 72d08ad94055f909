"""The log and its cursors.

Events are thin: who (``subject_ids``), what (``kind``), when. A batch is one event with many
subjects. Readers order by ``(generation, xid, id)`` below the snapshot's oldest running
transaction, because ids alone are handed out before their transaction commits and a cursor on
them skips late committers.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand


class Xid8Field(models.Field):
    """PostgreSQL's 64-bit transaction id."""

    def db_type(self, connection: object) -> str:
        """The column type."""
        return "xid8"


class Generation(models.Model):
    """One row, raised by one after a logical restore, which starts transaction ids anew.

    Without a row the generation is 1.
    """

    one = models.BooleanField(primary_key=True, db_default=True)
    number = models.SmallIntegerField(db_default=1)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(one=True), name="one_generation")]

    def __str__(self) -> str:
        return str(self.number)


class Event(models.Model):
    """One piece of news."""

    class Origin(models.TextChoices):
        """Whether it just happened or was brought in afterwards."""

        LIVE = "live", _("Live")
        BACKFILL = "backfill", _("Brought in later")

    generation = models.SmallIntegerField()
    xid = Xid8Field()
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=48)  # commerce.orders_recorded
    subject_ids = ArrayField(models.BigIntegerField(), db_default=[])
    origin = models.CharField(max_length=8, choices=Origin.choices)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    payload = models.JSONField(db_default={})

    class Meta:
        verbose_name = _("event")
        indexes = [models.Index(fields=["generation", "xid", "id"], name="event_position")]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class Cursor(models.Model):
    """How far a reader has read."""

    reader = models.CharField(max_length=64, primary_key=True)
    generation = models.SmallIntegerField(default=0)
    xid = Xid8Field(default="0")
    event_id = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.reader


class BeforeImage(models.Model):
    """A row as it was before a source (an import batch) changed it, so that it can be undone."""

    source_ref = models.BigIntegerField()
    table_name = models.CharField(max_length=40)
    row_id = models.BigIntegerField()
    before = models.JSONField()

    class Meta:
        verbose_name = _("before image")
        constraints = [
            models.UniqueConstraint(
                fields=["source_ref", "table_name", "row_id"],
                name="one_before_image_per_source",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.table_name} {self.row_id}"


class AuditEntry(models.Model):
    """One thing somebody did: a changed row, a statement over many, a look at personal data.

    No foreign keys: the log outlives what it speaks of. Written by triggers and
    ``eventlog.audit``; nobody changes or deletes it.
    """

    id = models.BigAutoField(primary_key=True)
    generation = models.SmallIntegerField()
    xid = Xid8Field()
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=16)  # one of audit.ACTOR_KINDS
    actor_id = models.BigIntegerField(null=True)  # of the staff member or the API key
    actor_name = models.CharField(max_length=150)
    request_id = models.CharField(max_length=64)
    reason = models.CharField(max_length=300)
    brand_id = models.BigIntegerField(null=True)
    table_name = models.CharField(max_length=63)  # or what was looked at
    row_id = models.CharField(max_length=200, null=True)
    operation = models.CharField(max_length=10)  # insert, update, delete, truncate, access
    row_count = models.BigIntegerField()
    changes = models.JSONField()  # column → [old, new], personal ones masked

    class Meta:
        verbose_name = _("audit entry")
        indexes = [
            models.Index(fields=["generation", "xid", "id"], name="audit_position"),
            models.Index(fields=["brand_id", "-id"], name="audit_of_brand"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.table_name} {self.row_id or ''}"


class AuditLink(models.Model):
    """The place of an entry in the chain: SHA-256 of the link before it and the entry's content."""

    seq = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    hash = models.BinaryField()
    chained_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("audit link")
        constraints = [
            models.CheckConstraint(condition=models.Q(seq__gt=0), name="seq_from_one"),
        ]

    def __str__(self) -> str:
        return f"link {self.seq}"


class AuditCheck(models.Model):
    """What recomputing the chain found: up to which link it held, and since when that is known."""

    at = models.DateTimeField()
    checked = models.BigIntegerField()  # links that held, from the first on
    waiting = models.BigIntegerField()  # entries too new to be linked
    head_hash = models.CharField(max_length=64, blank=True, default="")  # of the last of them
    broken_entry = models.BigIntegerField(null=True)
    problem = models.CharField(max_length=200, blank=True, default="")  # "": the log is whole

    class Meta:
        verbose_name = _("audit check")

    def __str__(self) -> str:
        return f"{self.checked} at {self.at}"
