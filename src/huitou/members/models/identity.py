"""What accounts leave behind: the keys that own them and those seen with them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand
from huitou.members.models.member import Member
from huitou.vault.fields import SealedTextField
from huitou.vault.hashing import PSEUDONYM_PREFIX, TOKEN_PREFIX

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
# What reaches a person: kept as a pseudonym, with the contact itself sealed beside it.
CONTACT_KINDS = frozenset({"phone", "email", "payment_account", NAMED_PHONE})


class Identity(models.Model):
    """A key seen with an account.

    The row that ``owns`` is how files find the account again; all rows say where it touches
    others. ``name`` is empty but for ``named_phone``, and for an owner that shares its contact
    with another person (see ``services.settle_conflict``). ``value`` of the ``CONTACT_KINDS`` is
    a pseudonym (or the token of an erased one), and ``sealed`` the contact.
    """

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    platform = models.CharField(max_length=24)
    kind = models.CharField(max_length=24)  # one of SIGHTING_KINDS
    value = models.CharField(max_length=254)
    sealed = SealedTextField(null=True)
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
            # A contact in clear is refused by the database itself.
            models.CheckConstraint(
                condition=~Q(kind__in=sorted(CONTACT_KINDS))
                | Q(value__startswith=PSEUDONYM_PREFIX, sealed__isnull=False)
                | Q(value__startswith=TOKEN_PREFIX, sealed__isnull=True),
                name="identity_contact_sealed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.platform}:{self.kind}:{self.value}"

    @property
    def clear(self) -> str:
        """The identifier itself; of an erased person the token."""
        return self.sealed or self.value
