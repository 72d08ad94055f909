"""What a brand knows of its members beyond their names, with where it knows it from."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand
from huitou.members.models.member import Member


class AttributeKind(models.TextChoices):
    """What the value of an attribute looks like."""

    TEXT = "text", _("Text")
    INTEGER = "integer", _("Whole number")
    DECIMAL = "decimal", _("Number")
    DATE = "date", _("Date")
    BOOLEAN = "boolean", _("Yes or no")
    CHOICE = "choice", _("One of several")


class ValueSource(models.TextChoices):
    """Who or what says a value."""

    DECLARED = "declared", _("Member's own words")
    STAFF = "staff", _("Staff")
    IMPORTED = "imported", _("Import")
    INFERRED = "inferred", _("Inferred")


class AttributeDefinition(models.Model):
    """An attribute a brand keeps of its members."""

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", db_index=False)
    code = models.SlugField(max_length=40)
    label_zh = models.CharField(max_length=60)
    label_en = models.CharField(max_length=60)
    kind = models.CharField(max_length=8, choices=AttributeKind.choices)
    unit = models.CharField(max_length=20, blank=True, db_default="")
    # [{"code", "zh", "en"}] in the order they are offered; of the kind choice only.
    choices = models.JSONField(default=list)
    created_at = models.DateTimeField(db_default=Now())
    # A retired attribute is offered nowhere; its values stay.
    retired_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("attribute")
        constraints = [
            models.UniqueConstraint(fields=["brand", "code"], name="attribute_code_unique"),
            models.CheckConstraint(
                condition=Q(kind__in=AttributeKind.values), name="attribute_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class AttributeValue(models.Model):
    """What was once said of an account; never changed, only followed by later statements."""

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False)
    definition = models.ForeignKey(AttributeDefinition, on_delete=models.PROTECT, related_name="+")
    # Text, integer or boolean; a decimal and a date as text; null says that there is no value.
    value = models.JSONField()
    source = models.CharField(max_length=8, choices=ValueSource.choices)
    source_ref = models.BigIntegerField(null=True)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    confidence = models.SmallIntegerField()  # per cent
    observed_at = models.DateTimeField()  # when it was so, or was said
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("attribute value")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "definition", "source", "observed_at", "value"],
                name="attribute_said_once",
            ),
            models.CheckConstraint(
                condition=Q(confidence__range=(0, 100)), name="attribute_confidence_range"
            ),
            models.CheckConstraint(
                condition=Q(source__in=ValueSource.values), name="attribute_source_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["source_ref"],
                condition=Q(source_ref__isnull=False),
                name="attribute_value_source",
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.definition_id}"
