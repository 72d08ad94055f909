"""What members allowed and forbade, with proof, and addresses nobody may write to."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand
from huitou.members.models.member import Member


class Channel(models.TextChoices):
    """How a member can be reached."""

    SMS = "sms", _("SMS")
    EMAIL = "email", _("E-mail")
    WECHAT = "wechat", _("WeChat")
    PHONE = "phone", _("Phone call")
    APP = "app", _("App")
    POST = "post", _("Post")


class Purpose(models.TextChoices):
    """What for."""

    MARKETING = "marketing", _("Marketing")
    SERVICE = "service", _("Service")
    PROFILING = "profiling", _("Profiling")


class Decision(models.TextChoices):
    """What the member decided."""

    GRANTED = "granted", _("Granted")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class ConsentSource(models.TextChoices):
    """Where a decision was made; all but an import are the member's own acts."""

    STAFF = "staff", _("Told to staff")
    CARD = "card", _("Member card")
    LINK = "link", _("Unsubscribe link")
    REPLY = "reply", _("Reply to a message")
    API = "api", _("Interface")
    IMPORT = "import", _("Import")


class ConsentEntry(models.Model):
    """One decision, for ever: the database refuses to change it.

    It refuses to delete it, too, but for what an import said that is being undone.
    """

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", db_index=False)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    decision = models.CharField(max_length=10, choices=Decision.choices)
    at = models.DateTimeField()  # when the member decided
    source = models.CharField(max_length=8, choices=ConsentSource.choices)
    source_ref = models.BigIntegerField(null=True)
    place = models.CharField(max_length=120, blank=True, db_default="")  # page, shop, form
    wording = models.CharField(max_length=40, blank=True, db_default="")  # version of the text
    note = models.CharField(max_length=200, blank=True, db_default="")
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("consent")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "channel", "purpose", "at", "decision", "source"],
                name="consent_recorded_once",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=Channel.values), name="consent_channel_known"
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=Purpose.values), name="consent_purpose_known"
            ),
            models.CheckConstraint(
                condition=Q(decision__in=Decision.values), name="consent_decision_known"
            ),
            models.CheckConstraint(
                condition=Q(source__in=ConsentSource.values), name="consent_source_known"
            ),
        ]
        indexes = [
            # What goes when an import is undone.
            models.Index(
                fields=["source_ref"], name="consent_of_import", condition=Q(source="import")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.channel}/{self.purpose} {self.decision}"


class AddressKind(models.TextChoices):
    """What sort of address."""

    PHONE = "phone", _("Phone")
    EMAIL = "email", _("E-mail")


class SuppressionReason(models.TextChoices):
    """Why nobody may write to an address."""

    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")
    COMPLAINT = "complaint", _("Complaint")
    ERASED = "erased", _("Erased")


class Suppression(models.Model):
    """An address nobody may write to, known only by its keyed digest."""

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=8, choices=AddressKind.choices)
    digest = models.BinaryField()
    reason = models.CharField(max_length=14, choices=SuppressionReason.choices)
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_note = models.CharField(max_length=200, blank=True, db_default="")
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )

    class Meta:
        verbose_name = _("suppression")
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "kind", "digest", "reason"],
                condition=Q(lifted_at=None),
                name="suppressed_once",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=AddressKind.values), name="suppression_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reason}"
