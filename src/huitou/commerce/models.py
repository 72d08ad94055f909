"""Catalogue, orders, lines, refunds and reviews as the platforms state them."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand, Shop
from huitou.members.models import Member
from huitou.vault.fields import SealedTextField


class OrderStatus(models.TextChoices):
    """Where an order stands; the unified names of every platform's own words."""

    CREATED = "created", _("Awaiting payment")
    PAID = "paid", _("Awaiting shipment")
    PART_SHIPPED = "part_shipped", _("Partly shipped")
    SHIPPED = "shipped", _("Shipped")
    SIGNED = "signed", _("Signed for")
    FINISHED = "finished", _("Finished")
    CANCELLED = "cancelled", _("Cancelled unpaid")
    CLOSED_REFUNDED = "closed_refunded", _("Closed, refunded")


# A later status never gives way to an earlier one, whatever order files arrive in.
STATUS_RANK = {
    "": 0,
    "created": 1,
    "paid": 2,
    "part_shipped": 3,
    "shipped": 4,
    "signed": 5,
    "finished": 6,
    "cancelled": 7,
    "closed_refunded": 8,
}


class RefundStatus(models.TextChoices):
    """Where a refund stands."""

    OPEN = "open", _("In progress")
    SUCCESS = "success", _("Refunded")
    CLOSED = "closed", _("Closed")


class Product(models.Model):
    """What is sold: keyed by the merchant's code, else the platform's item id, else the title."""

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", db_index=False)
    code = models.CharField(_("code"), max_length=200)
    title = models.CharField(_("title"), max_length=400, db_default="")
    category = models.CharField(_("category"), max_length=120, db_default="")
    source_ref = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("product")
        constraints = [
            models.UniqueConstraint(fields=["brand", "code"], name="product_code_unique"),
        ]

    def __str__(self) -> str:
        return self.title or self.code


class Order(models.Model):
    """An order of a shop. Amounts are integers in the minor unit of ``currency``.

    A purchase is an order with ``paid_at`` that was not wholly refunded; ``is_purchase`` is kept by
    the database so that every reader counts alike.
    """

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", db_index=False)
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="+", db_index=False)
    order_no = models.CharField(_("order number"), max_length=64)
    member = models.ForeignKey(
        Member, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    status = models.CharField(max_length=16, choices=OrderStatus.choices, blank=True, db_default="")
    currency = models.CharField(max_length=3)
    ordered_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    shipped_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # Brand-local business date of payment, else of ordering; month = year * 12 + month - 1.
    biz_date = models.DateField(null=True)
    month = models.IntegerField(null=True)
    quantity = models.IntegerField(null=True)
    list_minor = models.BigIntegerField(null=True)  # goods at list price
    discount_minor = models.BigIntegerField(null=True)  # all reductions together
    coupon_minor = models.BigIntegerField(null=True)  # of which by coupon
    shipping_minor = models.BigIntegerField(null=True)
    paid_minor = models.BigIntegerField(db_default=0)  # stated as paid; counts once paid_at is set
    refunded_minor = models.BigIntegerField(db_default=0)  # greatest of the three sources below
    refund_stated_minor = models.BigIntegerField(db_default=0)  # said by the order file itself
    province = models.CharField(max_length=40, db_default="")
    city = models.CharField(max_length=60, db_default="")
    receiver = SealedTextField(null=True)
    receiver_phone = SealedTextField(null=True)  # as stated, may be masked
    # ``vault.hashing.phone_keys`` of the phone: how many receivers there are, and which are erased.
    receiver_key = models.BinaryField(null=True)
    device = models.CharField(max_length=24, db_default="")
    remark = models.TextField(db_default="")
    # 0 known only by reference, 1 derived from line rows, 2 stated by an order row.
    header_rank = models.SmallIntegerField(db_default=0)
    # Opaque numbers of what created and last changed the row, for undo.
    source_ref = models.BigIntegerField(null=True)
    changed_ref = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField(db_default=Now())
    is_purchase = models.GeneratedField(
        expression=models.Case(
            models.When(
                models.Q(paid_at__isnull=False)
                & ~models.Q(status__in=["cancelled", "closed_refunded"])
                & (
                    models.Q(refunded_minor=0) | models.Q(refunded_minor__lt=models.F("paid_minor"))
                ),
                then=models.Value(True),
            ),
            default=models.Value(False),
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        verbose_name = _("order")
        constraints = [
            models.UniqueConstraint(fields=["shop", "order_no"], name="order_no_unique_in_shop"),
            models.CheckConstraint(
                condition=models.Q(paid_minor__gte=0), name="order_paid_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(refunded_minor__gte=0)
                & models.Q(refunded_minor__lte=models.F("paid_minor")),
                name="order_refund_within_paid",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-biz_date"], name="order_of_member"),
            models.Index(fields=["brand", "month"], name="order_month"),
        ]

    def __str__(self) -> str:
        return self.order_no


class OrderLine(models.Model):
    """One product within an order."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="+", db_index=False)
    # The platform's sub-order id, else a digest of product, variant, price and quantity.
    line_key = models.CharField(max_length=64)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    variant = models.CharField(max_length=200, db_default="")
    quantity = models.IntegerField(db_default=1)
    list_minor = models.BigIntegerField(null=True)  # line total at list price
    paid_minor = models.BigIntegerField(null=True)  # line total paid; null when the file is silent
    discount_minor = models.BigIntegerField(null=True)
    refunded_minor = models.BigIntegerField(db_default=0)
    status = models.CharField(max_length=16, db_default="")
    source_ref = models.BigIntegerField(null=True)
    changed_ref = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("order line")
        constraints = [
            models.UniqueConstraint(fields=["order", "line_key"], name="line_unique_in_order"),
        ]

    def __str__(self) -> str:
        return self.line_key


class Refund(models.Model):
    """A refund request of an order, whole or in part."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="+")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="+", db_index=False)
    refund_no = models.CharField(max_length=64)
    amount_minor = models.BigIntegerField()
    status = models.CharField(max_length=8, choices=RefundStatus.choices)
    reason = models.CharField(max_length=400, db_default="")
    requested_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    source_ref = models.BigIntegerField(null=True)
    changed_ref = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("refund")
        constraints = [
            models.UniqueConstraint(fields=["shop", "refund_no"], name="refund_no_unique_in_shop"),
        ]

    def __str__(self) -> str:
        return self.refund_no


class Review(models.Model):
    """What a buyer wrote about a purchase."""

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="+", db_index=False)
    review_no = models.CharField(max_length=64)
    order = models.ForeignKey(Order, null=True, on_delete=models.SET_NULL, related_name="+")
    member = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    nick = models.CharField(max_length=120, db_default="")  # as shown, usually masked
    variant = models.CharField(max_length=200, db_default="")
    rating = models.SmallIntegerField(null=True)  # 1 to 5
    content = models.TextField(db_default="")
    followup = models.TextField(db_default="")
    reply = models.TextField(db_default="")
    reviewed_at = models.DateTimeField(null=True)
    source_ref = models.BigIntegerField(null=True)
    changed_ref = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("review")
        constraints = [
            models.UniqueConstraint(fields=["shop", "review_no"], name="review_no_unique_in_shop"),
        ]

    def __str__(self) -> str:
        return self.review_no
