"""Where a brand meets its members, and every time it met one there."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand
from huitou.members.models.member import Member


class TouchpointKind(models.TextChoices):
    """What sort of place it is."""

    PAGE = "page", _("Shop page")
    CHAT = "chat", _("Chat")
    PHONE = "phone", _("Phone call")
    EMAIL = "email", _("E-mail")
    PARCEL = "parcel", _("Parcel")
    WECHAT = "wechat", _("WeChat")
    WEIBO = "weibo", _("Weibo")
    LIVE = "live", _("Live stream")
    COMMUNITY = "community", _("Community")
    STORE = "store", _("Offline store")
    CODE = "code", _("Code or link")


class Direction(models.TextChoices):
    """Who began."""

    INBOUND = "in", _("From the member")
    OUTBOUND = "out", _("To the member")


class Touchpoint(models.Model):
    """A place where the brand meets members: a counter, a QR code, a chat account."""

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", db_index=False)
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=TouchpointKind.choices)
    # What it tells of members, and what may be sent through it.
    note = models.CharField(max_length=200, blank=True, db_default="")
    created_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("touchpoint")
        constraints = [
            models.UniqueConstraint(fields=["brand", "code"], name="touchpoint_code_unique"),
            models.CheckConstraint(
                condition=Q(kind__in=TouchpointKind.values), name="touchpoint_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Touch(models.Model):
    """One meeting of an account with the brand; the earliest is the member's first source."""

    account = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False)
    touchpoint = models.ForeignKey(Touchpoint, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    direction = models.CharField(max_length=3, choices=Direction.choices)
    summary = models.CharField(max_length=500, blank=True, db_default="")
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    # What the source calls it, so that telling it twice records it once.
    source_id = models.CharField(max_length=80, blank=True, db_default="")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("touch")
        constraints = [
            models.UniqueConstraint(
                fields=["touchpoint", "source_id"],
                condition=~Q(source_id=""),
                name="touch_recorded_once",
            ),
            models.CheckConstraint(
                condition=Q(direction__in=Direction.values), name="touch_direction_known"
            ),
        ]
        indexes = [models.Index(fields=["account", "at"], name="touch_of_account")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.touchpoint_id}"
