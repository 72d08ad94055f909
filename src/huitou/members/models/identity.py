"""What accounts leave behind: the keys that own them and those seen with them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand
from huitou.members.models.member import Member

# What identifies an account, best first.
IDENTITY_KINDS = (
    "buyer_id",
    "account",
    "buyer_nick",
    "customer_id",
    "payment_account",
    "unionid",
    "card_number",
    "phone",
    "email",
    "household_id",
)
# Of these a value means something on its own platform only.
PLATFORM_KINDS = frozenset({"buyer_id", "account", "buyer_nick", "customer_id", "household_id"})
# A whole name together with a whole phone, as on a parcel; never owns an account.
NAMED_PHONE = "named_phone"
SIGHTING_KINDS = (*IDENTITY_KINDS, NAMED_PHONE)


class Identity(models.Model):
    """A key seen with an account.

    The row that ``owns`` is how files find the account again; all rows say where it touches
    others. ``name`` is empty but for ``named_phone``, and for an owner that shares its contact
    with another person (see ``services.settle_conflict``).
    """

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    platform = models.CharField(max_length=24)
    kind = models.CharField(max_length=24)  # one of SIGHTING_KINDS
    value = models.CharField(max_length=254)
    name = models.CharField(max_length=120, blank=True, db_default="")
    owns = models.BooleanField(db_default=False)
    source_ref = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("identity")
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "platform", "kind", "value", "name"],
                condition=Q(owns=True),
                name="identity_owner",
            ),
            # Leads to every account that shares a key, in the order of their ids.
            models.UniqueConstraint(
                fields=["brand", "kind", "value", "member", "name"], name="identity_sighting"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.platform}:{self.kind}:{self.value}"
