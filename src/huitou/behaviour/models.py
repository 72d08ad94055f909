"""Behaviour events, append-only."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand, Shop
from huitou.members.models import Member


class EventKind(models.TextChoices):
    """What happened."""

    VISIT = "visit", _("Visit")
    SEARCH = "search", _("Search")
    VIEW = "view", _("Product view")
    FAVOURITE = "favourite", _("Favourite")
    CART = "cart", _("Add to cart")
    CONSULT = "consult", _("Consultation")
    PAY = "pay", _("Payment step")
    LOGISTICS = "logistics", _("Parcel trace")
    CUSTOM = "custom", _("Custom event")


class BehaviourEvent(models.Model):
    """One thing that happened, under the id its sender gave it; never changed, never twice."""

    # Brand, shop and member without a constraint in the database: checking them for every row took
    # as long as storing it, and the one writer has read them in the same transaction. Accounts are
    # deleted only where an import is undone, which keeps those with events and waits for writers.
    brand = models.ForeignKey(
        Brand, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    # Who says so: the shop's slug, or the connection the news came through.
    source = models.CharField(max_length=48)
    source_id = models.CharField(max_length=128)
    shop = models.ForeignKey(
        Shop,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    member = models.ForeignKey(
        Member,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    kind = models.CharField(max_length=12, choices=EventKind.choices)
    # The name of a custom event, or the step of a parcel.
    name = models.CharField(max_length=64, db_default="")
    occurred_at = models.DateTimeField()
    # Brand-local day; month = year * 12 + month - 1.
    biz_date = models.DateField()
    month = models.IntegerField()
    order_no = models.CharField(max_length=64, db_default="")
    product_code = models.CharField(max_length=200, db_default="")
    properties = models.JSONField(db_default={})
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("behaviour event")
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "source", "source_id"], name="behaviour_source_id_unique"
            ),
        ]
        indexes = [
            models.Index(
                fields=["member", "-occurred_at"],
                name="behaviour_of_member",
                condition=models.Q(member__isnull=False),
            ),
            # Events come nearly in the order of time: a few pages hold a month, and writers pay
            # nothing for an index that only names them.
            BrinIndex(
                fields=["month"], name="behaviour_month", autosummarize=True, pages_per_range=32
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.source_id}"
