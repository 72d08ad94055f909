"""The people who work for a brand, and what they may do."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from huitou.brands.models.brand import Brand, Group, Shop


class Staff(AbstractUser):
    """A person who signs in to the console."""

    display_name = models.CharField(_("display name"), max_length=80, blank=True, default="")
    language = models.CharField(max_length=8, blank=True, default="")  # "": as the browser asks
    two_factor_required = models.BooleanField(default=False)

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
    """A role of one staff member in one brand, or in one shop of it.

    Without ``shop`` it covers the whole brand. Several rows with a shop cover those shops only; a
    row for the whole brand wins over them.
    """

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="roles")
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="+")
    # A shop that goes takes the role with it: access never widens by a deletion.
    shop = models.ForeignKey(Shop, null=True, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=16, choices=Role.choices)

    class Meta:
        verbose_name = _("staff role")
        constraints = [
            models.UniqueConstraint(
                fields=["staff", "brand", "shop"],
                name="one_role_per_staff_brand_and_shop",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.staff_id}@{self.brand_id}/{self.shop_id or '*'}: {self.role}"


class GroupRole(models.Model):
    """A role of one staff member in every brand of a group; a role in the brand itself wins."""

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="group_roles")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=16, choices=Role.choices)

    class Meta:
        verbose_name = _("group role")
        constraints = [
            models.UniqueConstraint(fields=["staff", "group"], name="one_role_per_staff_and_group"),
        ]

    def __str__(self) -> str:
        return f"{self.staff_id}@group {self.group_id}: {self.role}"
