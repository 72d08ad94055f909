"""Requests about one person's data, and who was erased."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand
from huitou.vault.fields import SealedTextField


class RequestKind(models.TextChoices):
    """What is asked for."""

    EXPORT = "export", _("Export")
    ERASE = "erase", _("Erasure")


class RequestState(models.TextChoices):
    """Where a request stands."""

    RUNNING = "running", _("Running")
    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Done")


class PrivacyRequest(models.Model):
    """What was done about one person's data, for whom and why; it does not say who they are."""

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=RequestKind.choices)
    state = models.CharField(max_length=8, choices=RequestState.choices)
    member_id = models.BigIntegerField()  # of the row that stays, anonymous
    accounts = ArrayField(models.BigIntegerField())
    reason = models.CharField(max_length=200)
    steps_done = ArrayField(models.CharField(max_length=24), default=list)
    effect = models.JSONField(default=dict)  # table or step → rows or files, as counted before
    problem = models.CharField(max_length=300, blank=True, default="")  # why it waits
    # What to look for, until nothing is left to be looked through.
    sought = SealedTextField(null=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("privacy request")
        ordering = ["-id"]
        indexes = [models.Index(fields=["brand", "-id"], name="privacy_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "member_id"],
                condition=models.Q(kind="erase") & ~models.Q(state="done"),
                name="one_open_erasure_per_member",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class Tombstone(models.Model):
    """The keyed hash of an identifier of an erased person."""

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=49)  # as vault.hashing.identifier_kind gives it
    digest = models.BinaryField()

    class Meta:
        verbose_name = _("tombstone")
        constraints = [
            models.UniqueConstraint(fields=["brand", "digest"], name="tombstone_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class ErasedAccount(models.Model):
    """An account whose person was erased; the row of that number stays, anonymous."""

    account_id = models.BigIntegerField(primary_key=True)
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("erased account")

    def __str__(self) -> str:
        return str(self.account_id)
