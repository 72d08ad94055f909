"""Platforms that push news to us, what they pushed, and the polls that repair what was lost."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand, Shop
from huitou.vault.fields import SealedTextField


class Connection(models.Model):
    """How one shop's platform reaches us, and how we reach it."""

    class Kind(models.TextChoices):
        """Whose protocol is spoken."""

        SHOPIFY = "shopify", "Shopify"
        WOOCOMMERCE = "woocommerce", "WooCommerce"
        KUAIDI100 = "kuaidi100", _("Kuaidi100 parcels")
        TAOBAO = "taobao", _("Taobao messages (TMC)")

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="+")
    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    # Part of the address platforms push to; not secret by itself, every push is signed too.
    token = models.CharField(max_length=43, unique=True)
    secret_sealed = SealedTextField()
    base_url = models.CharField(max_length=300, blank=True, default="")
    app_key = models.CharField(max_length=120, blank=True, default="")
    session_sealed = SealedTextField(null=True)
    # Everything modified before this was asked of the platform.
    reconciled_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("connection")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.shop_id}"


class HookState(models.TextChoices):
    """What became of a push."""

    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class IncomingHook(models.Model):
    """One push as it came, kept before anything is made of it."""

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    event_id = models.CharField(max_length=128)
    topic = models.CharField(max_length=64)
    body = models.BinaryField()
    received_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=8, choices=HookState.choices, default=HookState.WAITING)
    error = models.CharField(max_length=300, default="")
    processed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("incoming webhook")
        constraints = [
            models.UniqueConstraint(fields=["connection", "event_id"], name="one_hook_per_event"),
        ]
        indexes = [
            models.Index(
                fields=["connection", "id"],
                name="hook_waiting",
                condition=models.Q(state="waiting"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.event_id}"


class ReconcileRun(models.Model):
    """One window asked of a platform: which orders were missing here or older than there."""

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    task = models.CharField(max_length=24)
    period = models.CharField(max_length=32)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    seen = models.IntegerField(default=0)
    repaired = models.IntegerField(default=0)
    error = models.CharField(max_length=300, default="")

    class Meta:
        verbose_name = _("reconcile run")
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "task", "period"], name="one_run_per_period"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.period}"
