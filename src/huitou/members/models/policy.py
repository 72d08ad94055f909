"""Which keys a brand lets merge accounts."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand


class IdentityPolicy(models.Model):
    """A brand's own rule; without a row ``components.DEFAULT_POLICY`` holds."""

    brand = models.OneToOneField(
        Brand, primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    kinds = ArrayField(models.CharField(max_length=24))
    accounts_max = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = _("identity policy")

    def __str__(self) -> str:
        return f"{', '.join(self.kinds)} ≤ {self.accounts_max}"
