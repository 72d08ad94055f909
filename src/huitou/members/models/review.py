"""What waits for a person to decide whether accounts are one."""

from __future__ import annotations

import json

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand
from huitou.members.models.member import Member
from huitou.vault.fields import SealedTextField


class ReviewState(models.TextChoices):
    """Where a question stands."""

    OPEN = "open", _("Open")
    SAME = "same", _("One person")
    APART = "apart", _("Two people")


class Suggestion(models.Model):
    """Two accounts that may be one person, with the probability and what speaks for it."""

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", db_index=False)
    a = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    b = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    probability = models.FloatField()
    evidence = models.JSONField(db_default=[])
    state = models.CharField(max_length=8, choices=ReviewState.choices, db_default="open")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("merge suggestion")
        constraints = [
            models.UniqueConstraint(fields=["a", "b"], name="suggestion_once"),
            models.CheckConstraint(condition=Q(a__lt=F("b")), name="suggestion_in_order"),
        ]
        indexes = [models.Index(fields=["brand", "state", "-probability"], name="suggestion_open")]

    def __str__(self) -> str:
        return f"{self.a_id} ~ {self.b_id}"


class Conflict(models.Model):
    """A customer file named another person at a contact that already has one.

    ``profile`` is what the file says of the other as JSON, so that nothing is lost; ``other`` is
    their account once somebody decided that they are two.
    """

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=24)
    name = models.CharField(max_length=120)
    profile = SealedTextField(null=True)
    state = models.CharField(max_length=8, choices=ReviewState.choices, db_default="open")
    other = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    source_ref = models.BigIntegerField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("conflicting customer")
        constraints = [
            models.UniqueConstraint(fields=["member", "name"], name="conflict_once"),
        ]
        indexes = [models.Index(fields=["brand", "state"], name="conflict_open")]

    def __str__(self) -> str:
        return f"{self.member_id} ≠ {self.name}"

    @property
    def said(self) -> dict[str, str]:
        """``profile`` as columns of a member."""
        found: dict[str, str] = json.loads(self.profile or "{}")
        return found
