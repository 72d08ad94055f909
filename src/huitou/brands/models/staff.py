"""The people who work for a brand, and what they may do."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from huitou.brands.models.brand import Brand


class Staff(AbstractUser):
    """A person who signs in to the console."""

    display_name = models.CharField(_("display name"), max_length=80, blank=True, default="")

    class Meta:
        verbose_name = _("staff")


class Role(models.TextChoices):
    """What a staff member may do in a brand."""

    OWNER = "owner", _("Owner")
    OPERATOR = "operator", _("Operator")
    ANALYST = "analyst", _("Analyst")
    AGENT = "agent", _("Service agent")
    FINANCE = "finance", _("Finance")
    DEVELOPER = "developer", _("Developer")


class StaffRole(models.Model):
    """A role of one staff member in one brand."""

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="roles")
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=16, choices=Role.choices)

    class Meta:
        verbose_name = _("staff role")
        constraints = [
            models.UniqueConstraint(fields=["staff", "brand"], name="one_role_per_staff_and_brand"),
        ]

    def __str__(self) -> str:
        return f"{self.staff_id}@{self.brand_id}: {self.role}"
