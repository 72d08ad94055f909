"""Keys that are on too many accounts to say who somebody is."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand
from huitou.members.models.identity import Identity


class OverusedKey(models.Model):
    """A key that stopped merging: a locker's, an agent's or a made-up number.

    ``identity`` is one sighting of it; whether it still is on too many accounts is asked anew by
    whoever shows it.
    """

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", db_index=False)
    key_hash = models.CharField(max_length=64)
    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("overused key")
        constraints = [
            models.UniqueConstraint(fields=["brand", "key_hash"], name="overused_key_once"),
        ]

    def __str__(self) -> str:
        return str(self.identity)
