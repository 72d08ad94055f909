"""Accounts and the people behind them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand, Shop
from huitou.vault.fields import SealedTextField

PHONE_TAIL_DIGITS = 4
# ``str`` of ``kernel.lunar.LunarDay``; days a known year lacks are refused before they come here.
LUNAR_DAY_PATTERN = r"^((19|20)[0-9]{2}-)?(0[1-9]|1[0-2]|(0[2-9]|1[01])L)-(0[1-9]|[12][0-9]|30)$"


def phone_tail(phone: str) -> str:
    """The last digits of a phone, masked or not; '' where it ends otherwise.

    >>> phone_tail("138****8000"), phone_tail("8000"), phone_tail("138****")
    ('8000', '', '')
    """
    tail = phone[-PHONE_TAIL_DIGITS:]
    return tail if len(phone) > PHONE_TAIL_DIGITS and tail.isascii() and tail.isdigit() else ""


class Gender(models.TextChoices):
    """Declared gender."""

    FEMALE = "female", _("Female")
    MALE = "male", _("Male")


class Member(models.Model):
    """An account a person has left on one platform.

    The person is the account that is not merged into another: its oldest one. What belongs to
    other rooms stays with the account and is read through ``queries.accounts_of``.
    """

    # Always the person's own row, never a chain; null for the person themselves.
    merged_into = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", db_index=False)
    public_id = models.UUIDField(unique=True, db_default=models.Func(function="gen_random_uuid"))
    name = models.CharField(_("name"), max_length=120, blank=True, db_default="")
    # Display only; a masked value such as 138****8000 stays masked and is never a key.
    phone = SealedTextField(_("phone"), null=True)
    email = SealedTextField(_("e-mail"), null=True)
    # The last digits of ``phone``, which people search by; '' when it does not end in digits.
    phone_tail = models.CharField(max_length=PHONE_TAIL_DIGITS, blank=True, db_default="")
    gender = models.CharField(max_length=8, choices=Gender.choices, blank=True, db_default="")
    birthday = models.DateField(_("birthday"), null=True)
    # For whoever keeps the birthday by the lunar calendar; in one text, so that no source can
    # change half of it. It goes before ``birthday``, which may be the same day or another.
    lunar_birthday = models.CharField(_("lunar birthday"), max_length=11, null=True)
    province = models.CharField(_("province"), max_length=40, blank=True, db_default="")
    city = models.CharField(_("city"), max_length=60, blank=True, db_default="")
    first_shop = models.ForeignKey(
        Shop, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # Opaque number of what created the row (an import batch), for undo.
    source_ref = models.BigIntegerField(null=True)
    changed_ref = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("member")
        indexes = [
            # Search by the beginning of a name and by the end of a phone.
            models.Index(
                fields=["brand", "name"],
                name="member_name_prefix",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
            models.Index(fields=["brand", "phone_tail"], name="member_phone_end"),
            models.Index(
                fields=["merged_into"],
                name="member_merged_into",
                condition=Q(merged_into__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(lunar_birthday__regex=LUNAR_DAY_PATTERN),
                name="member_lunar_birthday_is_a_lunar_day",
            ),
        ]

    def __str__(self) -> str:
        return self.name or str(self.public_id)

    def save(self, *args: Any, **options: Any) -> None:
        """Save with the tail of the phone; rows written in sets bring theirs along."""
        self.phone_tail = phone_tail(self.phone or "")
        super().save(*args, **options)
