"""What taking messages in has to remember."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import ApiKey, Brand, Shop


class MessageVersion(models.Model):
    """The newest statement taken in of one order or member; older ones that come later are late.

    Versions are ordered by (``modified_at``, ``rank``, ``digest``), so that any order of arrival
    ends with the same one.
    """

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=8)  # order, member
    number = models.CharField(max_length=64)
    modified_at = models.DateTimeField()
    rank = models.SmallIntegerField()
    digest = models.BinaryField(max_length=16)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "kind", "number"], name="one_newest_version"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


class ParkedMessage(models.Model):
    """A message that is sound but cannot be recorded yet: its shop or product is not known."""

    class Reason(models.TextChoices):
        """What is missing."""

        UNKNOWN_SHOP = "unknown_shop", _("Unknown shop")
        UNKNOWN_SKU = "unknown_sku", _("Unknown product")

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8)  # event, order, member
    shop_slug = models.CharField(max_length=40)
    number = models.CharField(max_length=128)  # the sender's own id
    reason = models.CharField(max_length=16, choices=Reason.choices)
    detail = models.CharField(max_length=200)  # the slug or code that nobody knows
    body = models.TextField()  # the message as JSON
    modified_at = models.DateTimeField()  # of several statements the newest is kept
    parked_at = models.DateTimeField(db_default=Now())
    retried_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("parked message")
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "kind", "shop_slug", "number"],
                name="parked_once",
                condition=models.Q(resolved_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}: {self.reason}"


class RateBucket(models.Model):
    """How many items a key may still send; refilled by the clock, shared by all processes."""

    key = models.OneToOneField(ApiKey, primary_key=True, on_delete=models.CASCADE, related_name="+")
    tokens = models.FloatField()
    refilled_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.key_id}: {self.tokens}"
