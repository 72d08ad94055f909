"""The attributes a brand keeps of its members: defined without a migration, and what fits them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import get_language

from huitou.kernel.errors import RefusedInputError
from huitou.members.models import AttributeDefinition, AttributeKind

# More than anybody reads on one page, and few enough to read them all at once.
ATTRIBUTES_MAX = 200
CHOICES_MAX = 100
TEXT_CHARS_MAX = 500
LABEL_CHARS_MAX = 60
UNIT_CHARS_MAX = 20
# PostgreSQL's bigint.
_INTEGER_MAX = 2**63 - 1
_DECIMAL_DIGITS_MAX = 30
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_INTEGER = re.compile(r"[+-]?\d{1,19}\Z", re.ASCII)
_WORDS = {
    **dict.fromkeys(("yes", "true", "1", "是"), True),
    **dict.fromkeys(("no", "false", "0", "否"), False),
}


@dataclass(frozen=True)
class Choice:
    """One of the values of an attribute of the kind choice."""

    code: str
    zh: str
    en: str

    @property
    def label(self) -> str:
        """The word in the active language."""
        return self.zh if reads_chinese() else self.en


@dataclass(frozen=True)
class Attribute:
    """A definition; ``choices`` is empty for every kind but choice."""

    id: int
    code: str
    kind: str
    label_zh: str
    label_en: str
    unit: str
    choices: tuple[Choice, ...]
    is_retired: bool

    @property
    def label(self) -> str:
        """The label in the active language."""
        return self.label_zh if reads_chinese() else self.label_en

    def text(self, value: Any) -> str:
        """``value`` as people read it, without the unit; a boolean as its JSON word."""
        if isinstance(value, bool):
            return "true" if value else "false"
        found = next((choice.label for choice in self.choices if choice.code == value), None)
        return found or str(value)


# Attributes most shops keep (requirement A4), offered for a start.
USUAL = (
    ("education", "choice", "学历", "Education", (
        ("school", "高中及以下", "School"), ("college", "大专", "College"),
        ("bachelor", "本科", "Bachelor"), ("master", "硕士及以上", "Master or higher"))),
    ("occupation", "text", "职业", "Occupation", ()),
    ("income", "choice", "月收入", "Monthly income", (
        ("below_5k", "5千以下", "Below 5,000"), ("5k_10k", "5千至1万", "5,000 to 10,000"),
        ("10k_20k", "1万至2万", "10,000 to 20,000"), ("above_20k", "2万以上", "Above 20,000"))),
    ("interests", "text", "兴趣", "Interests", ()),
    ("importance", "choice", "重要程度", "Importance", (
        ("high", "高", "High"), ("normal", "中", "Normal"), ("low", "低", "Low"))),
)  # fmt: skip


def attributes(brand_id: int) -> list[Attribute]:
    """Every attribute of the brand, retired ones too, in the order they were defined."""
    found = AttributeDefinition.objects.filter(brand_id=brand_id).order_by("id")
    return [_attribute(definition) for definition in found]


def _attribute(definition: AttributeDefinition) -> Attribute:
    return Attribute(
        id=definition.pk,
        code=definition.code,
        kind=definition.kind,
        label_zh=definition.label_zh,
        label_en=definition.label_en,
        unit=definition.unit,
        choices=tuple(Choice(**choice) for choice in definition.choices),
        is_retired=definition.retired_at is not None,
    )


@transaction.atomic
def define_attribute(
    *,
    brand_id: int,
    code: str,
    kind: str,
    label_zh: str,
    label_en: str,
    unit: str = "",
    choices: Sequence[Choice] = (),
) -> Attribute:
    """Add an attribute to the brand.

    Raises ``RefusedInputError`` with the code ``CODE``, ``KIND``, ``LABEL``, ``CHOICES``,
    ``ATTRIBUTES_MAX`` or ``ATTRIBUTE_EXISTS``.
    """
    if not _CODE.match(code):
        raise RefusedInputError(
            "CODE",
            f"{code!r} is not a code: a lower-case letter, then up to 39 letters, digits and _.",
        )
    if kind not in AttributeKind.values:
        raise RefusedInputError(
            "KIND", f"{kind!r} is not a kind; choose one of: {', '.join(AttributeKind.values)}."
        )
    labels = [_label(label_zh), _label(label_en)]
    _check_choices(kind, choices)
    if AttributeDefinition.objects.filter(brand_id=brand_id).count() >= ATTRIBUTES_MAX:
        raise RefusedInputError("ATTRIBUTES_MAX", f"A brand keeps {ATTRIBUTES_MAX} at most.")
    try:
        with transaction.atomic():
            definition = AttributeDefinition.objects.create(
                brand_id=brand_id,
                code=code,
                kind=kind,
                label_zh=labels[0],
                label_en=labels[1],
                unit=unit.strip()[:UNIT_CHARS_MAX],
                choices=[{"code": c.code, "zh": c.zh, "en": c.en} for c in choices],
            )
    except IntegrityError as error:
        raise RefusedInputError(
            "ATTRIBUTE_EXISTS", f"The brand has an attribute {code!r} already."
        ) from error
    return _attribute(definition)


@transaction.atomic
def change_attribute(
    *,
    brand_id: int,
    code: str,
    label_zh: str,
    label_en: str,
    unit: str = "",
    choices: Sequence[Choice] = (),
) -> None:
    """Call an attribute and its choices otherwise, or offer further choices.

    Raises ``RefusedInputError`` with the code ``ATTRIBUTE``, ``LABEL``, ``CHOICES``, or
    ``CHOICE_GONE`` for a choice left out: members may have it.
    """
    found = AttributeDefinition.objects.select_for_update().filter(brand_id=brand_id, code=code)
    definition = found.first()
    if definition is None:
        raise RefusedInputError("ATTRIBUTE", f"The brand has no attribute {code!r}.")
    definition.label_zh, definition.label_en = _label(label_zh), _label(label_en)
    _check_choices(definition.kind, choices)
    offered = {choice.code for choice in choices}
    gone = [choice["code"] for choice in definition.choices if choice["code"] not in offered]
    if gone:
        raise RefusedInputError(
            "CHOICE_GONE", f"Keep the choice {gone[0]!r} of {code}: members may have it."
        )
    definition.unit = unit.strip()[:UNIT_CHARS_MAX]
    definition.choices = [{"code": c.code, "zh": c.zh, "en": c.en} for c in choices]
    definition.save(update_fields=["label_zh", "label_en", "unit", "choices"])


def _label(text: str) -> str:
    cleaned = text.strip()
    if not cleaned or len(cleaned) > LABEL_CHARS_MAX or not cleaned.isprintable():
        raise RefusedInputError(
            "LABEL", f"A label has 1 to {LABEL_CHARS_MAX} printable characters, in both languages."
        )
    return cleaned


def _check_choices(kind: str, choices: Sequence[Choice]) -> None:
    codes = [choice.code for choice in choices]
    if kind != AttributeKind.CHOICE:
        is_right = not choices
    else:
        is_right = (
            0 < len(choices) <= CHOICES_MAX
            and len(set(codes)) == len(codes)
            and all(re.fullmatch(r"[a-z0-9_]{1,40}", code) for code in codes)
            and all(choice.zh.strip() and choice.en.strip() for choice in choices)
        )
    if not is_right:
        raise RefusedInputError(
            "CHOICES",
            f"The kind choice needs 1 to {CHOICES_MAX} choices with different codes (lower-case"
            " letters, digits and _) and words in both languages; other kinds have none.",
        )


@transaction.atomic
def define_usual_attributes(*, brand_id: int) -> int:
    """Add those of ``USUAL`` the brand has not; returns how many are new."""
    present = {attribute.code for attribute in attributes(brand_id)}
    missing = [row for row in USUAL if row[0] not in present]
    for code, kind, zh, en, choices in missing:
        define_attribute(
            brand_id=brand_id,
            code=code,
            kind=kind,
            label_zh=zh,
            label_en=en,
            choices=[Choice(*choice) for choice in choices],
        )
    return len(missing)


def retire_attribute(*, brand_id: int, code: str, now: datetime | None) -> None:
    """Offer the attribute nowhere any more; its values stay. ``now`` None takes it back.

    Raises ``RefusedInputError`` with the code ``ATTRIBUTE``.
    """
    found = AttributeDefinition.objects.filter(brand_id=brand_id, code=code)
    if not found.update(retired_at=now):
        raise RefusedInputError("ATTRIBUTE", f"The brand has no attribute {code!r}.")


def parsed_value(attribute: Attribute, text: str) -> Any:
    """``text`` as typed → the value as stored; None for empty text.

    Raises ``RefusedInputError`` with the code ``TEXT``, ``INTEGER``, ``DECIMAL``, ``DATE``,
    ``BOOLEAN`` or ``CHOICE``; the message says what to write instead.
    """
    typed = text.strip()
    if not typed:
        return None
    value = _READERS[attribute.kind](typed, attribute)
    if value is None:
        wanted = _WANTED[attribute.kind]
        if attribute.kind == AttributeKind.CHOICE:
            wanted += ", ".join(choice.code for choice in attribute.choices)
        raise RefusedInputError(
            attribute.kind.upper(), f"{typed[:40]!r} does not fit {attribute.code}: write {wanted}."
        )
    return value


def _integer(typed: str, _attribute: Attribute) -> int | None:
    digits = typed.replace(",", "")
    is_whole = _INTEGER.match(digits) is not None and abs(int(digits)) <= _INTEGER_MAX
    return int(digits) if is_whole else None


def _decimal(typed: str, _attribute: Attribute) -> str | None:
    try:
        number = Decimal(typed.replace(",", ""))
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number.adjusted()) > _DECIMAL_DIGITS_MAX:
        return None
    plain = f"{number:f}"
    return plain if len(plain) <= 2 * _DECIMAL_DIGITS_MAX else None


def _date(typed: str, _attribute: Attribute) -> str | None:
    try:
        return date.fromisoformat(typed.replace("/", "-")).isoformat()
    except ValueError:
        return None


def _choice(typed: str, attribute: Attribute) -> str | None:
    return next((c.code for c in attribute.choices if typed in (c.code, c.zh, c.en)), None)


def _text(typed: str, _attribute: Attribute) -> str | None:
    return typed if len(typed) <= TEXT_CHARS_MAX and "\0" not in typed else None


_READERS: Mapping[str, Any] = {
    AttributeKind.TEXT: _text,
    AttributeKind.INTEGER: _integer,
    AttributeKind.DECIMAL: _decimal,
    AttributeKind.DATE: _date,
    AttributeKind.BOOLEAN: lambda typed, _attribute: _WORDS.get(typed.lower()),
    AttributeKind.CHOICE: _choice,
}
_WANTED: Mapping[str, str] = {
    AttributeKind.TEXT: f"at most {TEXT_CHARS_MAX} characters",
    AttributeKind.INTEGER: "a whole number such as 12",
    AttributeKind.DECIMAL: "a number such as 12.5",
    AttributeKind.DATE: "a date such as 2026-05-01",
    AttributeKind.BOOLEAN: "yes or no",
    AttributeKind.CHOICE: "one of: ",
}


def reads_chinese() -> bool:
    """Whether the active language is Chinese."""
    return (get_language() or "").startswith("zh")
