"""The words of the codes that only the member pages show; importing this adds their families."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Platform
from huitou.commerce.models import OrderStatus, RefundStatus
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
    "household_id": Label(_("Household"), "grey"),
}

FAMILIES["identity"] = IDENTITY_KINDS
FAMILIES["platform"] = {p.value: Label(p.label, "grey") for p in Platform}
FAMILIES["order_status"] = {
    "": Label(_("Unknown"), "grey"),
    **{status.value: Label(status.label, tone) for status, tone in _STATUS_TONES.items()},
}
FAMILIES["refund_status"] = {s.value: Label(s.label, "grey") for s in RefundStatus}
