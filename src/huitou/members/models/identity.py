"""The identifiers that lead to a member."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand
from huitou.members.models.member import Member

# What identifies a person on a platform, best first.
IDENTITY_KINDS = (
    "buyer_id",
    "account",
    "buyer_nick",
    "customer_id",
    "payment_account",
    "phone",
    "email",
    "household_id",
)


class Identity(models.Model):
    """An identifier of a member on a platform; equal identifiers are one person."""

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    platform = models.CharField(max_length=24)
    kind = models.CharField(max_length=24)  # one of IDENTITY_KINDS
    value = models.CharField(max_length=254)
    source_ref = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("identity")
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "platform", "kind", "value"], name="identity_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.platform}:{self.kind}:{self.value}"
