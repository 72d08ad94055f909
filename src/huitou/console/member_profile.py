"""What is kept of a member, in the words and rows of the member page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from huitou.console.tag_rows import tag_rows
from huitou.members.attributes import Attribute, attributes
from huitou.members.consent import Consent
from huitou.members.facts import ProfileFacts
from huitou.members.models import AttributeKind, Channel, Purpose
from huitou.members.standing import Statement
from huitou.members.tags import TagGroupView, tag_groups
from huitou.members.touchpoints import TouchpointView, touchpoints
from huitou.ui.labels import label


@dataclass(frozen=True)
class Kept:
    """What a brand keeps of members: the choices of the forms."""

    attributes: list[Attribute]
    groups: list[TagGroupView]
    touchpoints: list[TouchpointView]


@dataclass(frozen=True)
class AttributeRow:
    """An attribute with what holds of it; ``words`` is '' and ``said`` None without a value."""

    attribute: Attribute
    said: Statement | None
    words: str

    @property
    def raw(self) -> str:
        """The value as its field takes it."""
        if self.said is None:
            return ""
        value = self.said.value
        return ("yes" if value else "no") if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class ConsentRow:
    """One channel and what holds for each purpose, in the order of ``Purpose``."""

    channel: str
    cells: list[tuple[str, Consent | None]]


def kept_of(brand_id: int) -> Kept:
    """Definitions of the brand: four queries."""
    return Kept(attributes(brand_id), tag_groups(brand_id), touchpoints(brand_id))


def profile_cards(facts: ProfileFacts, kept: Kept) -> dict[str, Any]:
    """The context of the cards of attributes, tags, consent and touchpoints."""
    said = facts.attributes
    rows = [
        AttributeRow(one, said.get(one.code), value_words(one, said.get(one.code)))
        for one in kept.attributes
        if not one.is_retired or one.code in said
    ]
    return {
        "attribute_rows": rows,
        "attribute_fields": [row for row in rows if not row.attribute.is_retired],
        "carried": tag_rows(facts.tags),
        "tag_groups": [group for group in kept.groups if group.tags],
        "consent_rows": [
            ConsentRow(channel, [(p, facts.consents.get((channel, p))) for p in Purpose.values])
            for channel in Channel.values
        ],
        "consent_proofs": [(*matter, consent) for matter, consent in facts.consents.items()],
        "purposes": Purpose.values,
        "channels": Channel.values,
        "touches": facts.touches,
        "touchpoints": [one for one in kept.touchpoints if not one.is_retired],
    }


def value_words(attribute: Attribute, said: Statement | None) -> str:
    """The value with its unit, in the active language; '' without one."""
    if said is None:
        return ""
    if attribute.kind == AttributeKind.BOOLEAN:
        return _("Yes") if said.value else _("No")
    return " ".join(filter(None, (attribute.text(said.value), attribute.unit)))


def profile_words(kind: str, text: str, kept: Sequence[Attribute]) -> tuple[str, str]:
    """What happened and to what, of the kinds of ``members.timeline``; ('', '') of others."""
    titles = {
        "tag_put": _("Tag put"),
        "tag_removed": _("Tag removed"),
        "consent_granted": _("Consent granted"),
        "consent_withdrawn": _("Consent withdrawn"),
        "touched": _("Met at"),
    }
    if kind == "attribute_said":
        return _attribute_words(text, kept)
    if kind.startswith("consent_"):
        channel, _space, purpose = text.partition(" ")
        text = f"{label('channel', channel).text} · {label('purpose', purpose).text}"
    return (titles[kind], text) if kind in titles else ("", "")


def _attribute_words(text: str, kept: Sequence[Attribute]) -> tuple[str, str]:
    code, _equals, value = text.partition("=")
    attribute = next((one for one in kept if one.code == code), None)
    if attribute is None:
        return code, value
    if not value:
        return attribute.label, _("no value any more")
    if attribute.kind == AttributeKind.BOOLEAN:
        return attribute.label, _("Yes") if value == "true" else _("No")
    return attribute.label, " ".join(filter(None, (attribute.text(value), attribute.unit)))
