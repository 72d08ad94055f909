"""Addresses of other systems that want our news, and what was sent to them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand
from huitou.vault.fields import SealedTextField


class Subscription(models.Model):
    """An address that receives news of some kinds."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="+")
    public_id = models.UUIDField(unique=True, db_default=models.Func(function="gen_random_uuid"))
    url = models.CharField(max_length=500)
    kinds = ArrayField(models.CharField(max_length=48))
    secret_sealed = SealedTextField()
    failures_in_row = models.IntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    disabled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("webhook")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.url


class DeliveryState(models.TextChoices):
    """Where a delivery stands."""

    WAITING = "waiting", _("Waiting")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")


class Delivery(models.Model):
    """One message to one address. It is claimed before it is sent, and may be sent twice."""

    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    # The same for every attempt, so that the receiver can tell a repetition.
    message_id = models.UUIDField()
    kind = models.CharField(max_length=48)
    body = models.TextField()
    state = models.CharField(
        max_length=8, choices=DeliveryState.choices, default=DeliveryState.WAITING
    )
    attempts = models.IntegerField(default=0)
    due_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    status = models.IntegerField(null=True)
    error = models.CharField(max_length=300, default="")
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("delivery")
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "message_id"], name="one_delivery_per_message"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                name="delivery_due",
                condition=models.Q(state__in=["waiting", "sending"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.message_id}"
