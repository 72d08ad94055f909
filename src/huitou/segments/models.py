"""Segments: their rules by version, and what every refresh found."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand
from huitou.members.models import Tag


class Keeping(models.TextChoices):
    """Whether members come and go."""

    DYNAMIC = "dynamic", _("Dynamic")
    FROZEN = "frozen", _("Frozen")


class Segment(models.Model):
    """An audience by rule. Who is in it lies in the lake (``membership``), not here."""

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", db_index=False)
    slug = models.CharField(max_length=60)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=200, blank=True, db_default="")
    keeping = models.CharField(max_length=8, choices=Keeping.choices, default=Keeping.DYNAMIC)
    created_at = models.DateTimeField(db_default=Now())
    # Archived segments keep their history; rules can no longer name them.
    archived_at = models.DateTimeField(null=True)
    # The figures it was last looked at on ('': not with this rule), and what was wrong with it.
    looked_at = models.CharField(max_length=80, blank=True, db_default="")
    problem = models.CharField(max_length=500, blank=True, db_default="")
    # What its members carry, and the refresh whose members carry it: null while some do not yet.
    tag = models.ForeignKey(
        Tag, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    tagged_by = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("segment")
        constraints = [
            models.UniqueConstraint(fields=["brand", "slug"], name="segment_slug_unique"),
            models.CheckConstraint(
                condition=Q(keeping__in=Keeping.values), name="segment_keeping_known"
            ),
            models.CheckConstraint(
                condition=Q(tag__isnull=False, archived_at=None) | Q(tagged_by=None),
                name="segment_tagged_with_its_tag",
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class SegmentVersion(models.Model):
    """A rule a segment had from then on; never changed, only followed by the next."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="versions")
    number = models.IntegerField()
    rule = models.JSONField()
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("segment version")
        constraints = [
            models.UniqueConstraint(fields=["segment", "number"], name="segment_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.segment_id} v{self.number}"


class SegmentRefresh(models.Model):
    """What was found by one version at one instant."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="refreshes")
    version = models.ForeignKey(SegmentVersion, on_delete=models.CASCADE, related_name="+")
    figures = models.CharField(max_length=80)  # the folder of the snapshot judged on
    # Of the rule with the rules of segments it names: these change without a version of its own.
    tree_digest = models.CharField(max_length=64)
    at = models.DateTimeField()  # the instant of judging
    as_of = models.DateField()  # the business date of the traits
    members = models.BigIntegerField()
    entered = models.BigIntegerField()
    left = models.BigIntegerField()
    # The first of the events that name who came and went; null where nobody did.
    entered_event = models.BigIntegerField(null=True)
    left_event = models.BigIntegerField(null=True)
    sales_minor = models.BigIntegerField()
    # The files of who is in (see ``segments.files``).
    base = models.CharField(max_length=40)
    moved = models.CharField(max_length=40, blank=True, db_default="")
    # Of whom its conditions of PostgreSQL held: the digest of each condition → a file.
    held = models.JSONField(db_default={})
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("segment refresh")
        indexes = [
            models.Index(fields=["segment", "-id"], name="segment_refresh_newest"),
            # Most refreshes move nobody.
            models.Index(
                fields=["segment", "-id"],
                name="segment_refresh_moves",
                condition=Q(entered__gt=0) | Q(left__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.segment_id} at {self.at}"
