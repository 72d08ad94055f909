"""Keys by which other systems call the interface of a brand."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from huitou.brands.models.brand import Brand, Shop


class Scope(models.TextChoices):
    """What a key may do; a request needs exactly one of them."""

    EVENTS_WRITE = "events:write", _("Send events")
    ORDERS_WRITE = "orders:write", _("Send orders")
    MEMBERS_WRITE = "members:write", _("Send members")
    MEMBERS_READ = "members:read", _("Read members, contacts masked")
    MEMBERS_READ_PII = "members:read_pii", _("Read members, contacts in clear")
    MEMBERS_MERGE = "members:merge", _("Merge and split members")
    WEBHOOKS_MANAGE = "webhooks:manage", _("Manage webhooks")


# What these do reaches every shop of the brand, so a key of one shop never carries them.
BRAND_WIDE_SCOPES = (Scope.MEMBERS_MERGE,)


class ApiKey(models.Model):
    """A key of a brand, perhaps for one shop only.

    Its secret is drawn at random with 256 bits, so a plain SHA-256 of it cannot be guessed back.
    """

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="+")
    shop = models.ForeignKey(
        Shop, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    name = models.CharField(_("name"), max_length=80)
    # The public beginning of the key, by which it is found and recognised.
    prefix = models.CharField(max_length=16, unique=True)
    secret_sha256 = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=24, choices=Scope.choices))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("API key")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(shop__isnull=True) | ~Q(scopes__overlap=list(BRAND_WIDE_SCOPES)),
                name="key_of_a_shop_stays_there",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"
