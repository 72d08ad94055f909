"""The words of the codes that only the member pages show; importing this adds their families."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Platform
from huitou.commerce.models import OrderStatus, RefundStatus
from huitou.members.models import (
    AttributeKind,
    Channel,
    ConsentSource,
    Decision,
    Direction,
    Purpose,
    TagSource,
    TagVerb,
    TouchpointKind,
    ValueSource,
)
from huitou.ui.labels import FAMILIES, Label

_STATUS_TONES = {
    OrderStatus.CREATED: "grey",
    OrderStatus.PAID: "blue",
    OrderStatus.PART_SHIPPED: "blue",
    OrderStatus.SHIPPED: "teal",
    OrderStatus.SIGNED: "green",
    OrderStatus.FINISHED: "green",
    OrderStatus.CANCELLED: "grey",
    OrderStatus.CLOSED_REFUNDED: "orange",
}
IDENTITY_KINDS = {
    "buyer_nick": Label(_("Buyer nickname"), "grey"),
    "buyer_id": Label(_("Buyer id"), "grey"),
    "account": Label(_("Account"), "grey"),
    "customer_id": Label(_("Customer number"), "grey"),
    "phone": Label(_("Phone"), "grey"),
    "email": Label(_("E-mail"), "grey"),
    "payment_account": Label(_("Payment account"), "grey"),
    "unionid": Label(_("WeChat unionid"), "grey"),
    "card_number": Label(_("Member card number"), "grey"),
    "named_phone": Label(_("Name and phone"), "grey"),
    "household_id": Label(_("Household"), "grey"),
}

# What evidence rests on: a kind of key, or who decided.
EVIDENCE_RULES = {
    **IDENTITY_KINDS,
    "staff": Label(_("Decided by staff"), "blue"),
    "suggestion": Label(_("Suggestion answered"), "blue"),
    "overused": Label(_("Key on too many accounts"), "orange"),
    "undone": Label(_("Import undone"), "orange"),
    "policy": Label(_("Rule of keys changed"), "orange"),
}

# What speaks for a suggestion, and what against it.
_FOR, _AGAINST, _PARTLY = "green", "orange", "grey"
FAMILIES["suggestion"] = {
    "name_same": Label(_("same name"), _FOR),
    "name_near": Label(_("names sound alike"), _FOR),
    "name_part_same": Label(_("part of the name is the same"), _PARTLY),
    "name_shown_same": Label(_("what is shown of the name is the same"), _FOR),
    "surname_same": Label(_("same surname"), _PARTLY),
    "name_different": Label(_("other name"), _AGAINST),
    "phone_same": Label(_("same phone"), _FOR),
    "phone_near": Label(_("phones differ by a slip"), _FOR),
    "phone_shown_same": Label(_("what is shown of the phone is the same"), _FOR),
    "phone_tail_same": Label(_("same end of the phone"), _FOR),
    "phone_different": Label(_("other phone"), _AGAINST),
    "address_same": Label(_("same address"), _FOR),
    "address_near": Label(_("addresses are nearly the same"), _FOR),
    "street_same": Label(_("same street"), _FOR),
    "district_same": Label(_("same district"), _PARTLY),
    "city_same": Label(_("same city"), _PARTLY),
    "province_same": Label(_("same province"), _PARTLY),
    "district_same_address_different": Label(_("other address in the district"), _AGAINST),
    "city_same_address_different": Label(_("other address in the city"), _AGAINST),
    "region_different": Label(_("other region"), _AGAINST),
    "email_local_same": Label(_("same name before the @"), _FOR),
    "email_different": Label(_("other e-mail"), _AGAINST),
    "nick_same": Label(_("same nickname"), _FOR),
    "nick_different": Label(_("other nickname"), _PARTLY),
    "birthday_same": Label(_("same birthday"), _FOR),
    "birthday_near": Label(_("birthdays differ by a slip"), _FOR),
    "birthday_different": Label(_("other birthday"), _AGAINST),
}
FAMILIES["identity"] = IDENTITY_KINDS
FAMILIES["profile"] = {
    "phone": Label(_("Phone"), "grey"),
    "email": Label(_("E-mail"), "grey"),
    "gender": Label(_("Gender"), "grey"),
    "birthday": Label(_("Birthday"), "grey"),
    "lunar_birthday": Label(_("Lunar birthday"), "grey"),
    "province": Label(_("Province"), "grey"),
    "city": Label(_("City"), "grey"),
}
FAMILIES["evidence"] = EVIDENCE_RULES
FAMILIES["platform"] = {p.value: Label(p.label, "grey") for p in Platform}
FAMILIES["order_status"] = {
    "": Label(_("Unknown"), "grey"),
    **{status.value: Label(status.label, tone) for status, tone in _STATUS_TONES.items()},
}
FAMILIES["refund_status"] = {s.value: Label(s.label, "grey") for s in RefundStatus}
_ENUMS: dict[str, type[TextChoices]] = {
    "attribute_kind": AttributeKind,
    "value_source": ValueSource,
    "tag_source": TagSource,
    "tag_verb": TagVerb,
    "channel": Channel,
    "purpose": Purpose,
    "consent_source": ConsentSource,
    "touchpoint_kind": TouchpointKind,
    "direction": Direction,
}
FAMILIES.update(
    {
        family: {code.value: Label(code.label, "grey") for code in codes}
        for family, codes in _ENUMS.items()
    }
)
FAMILIES["value_source"][ValueSource.INFERRED] = Label(ValueSource.INFERRED.label, "yellow")
FAMILIES["category_state"] = {
    "resting": Label(_("Resting"), "grey"),
    "due": Label(_("Due"), "orange"),
    "crossed": Label(_("Warning line crossed"), "red"),
}
FAMILIES["decision"] = {
    "granted": Label(Decision.GRANTED.label, "green"),
    "withdrawn": Label(Decision.WITHDRAWN.label, "red"),
}
