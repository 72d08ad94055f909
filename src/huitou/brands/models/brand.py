"""Group → brand → shop."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Platform(models.TextChoices):
    """Where a shop sells."""

    TAOBAO = "taobao", _("Taobao")
    TMALL = "tmall", _("Tmall")
    JD = "jd", _("JD")
    PINDUODUO = "pinduoduo", _("Pinduoduo")
    DOUYIN = "douyin", _("Douyin")
    YOUZAN = "youzan", _("Youzan")
    WECHAT = "wechat", _("WeChat shop")
    XIAOHONGSHU = "xiaohongshu", _("Xiaohongshu")
    SHOPIFY = "shopify", _("Shopify")
    WOOCOMMERCE = "woocommerce", _("WooCommerce")
    OFFLINE = "offline", _("Offline store")
    OTHER = "other", _("Other")


class Group(models.Model):
    """Brands under one roof; people with a role in the group have it in each of its brands."""

    slug = models.SlugField(_("slug"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("group")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class Brand(models.Model):
    """A brand: its members, shops, currency and calendar belong together."""

    group = models.ForeignKey(Group, null=True, on_delete=models.PROTECT, related_name="brands")
    slug = models.SlugField(_("slug"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    time_zone = models.CharField(_("time zone"), max_length=64, default="Asia/Shanghai")
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    # "Today" for a brand whose data ended: the demo opens at 2018-01-01.
    pinned_as_of = models.DateField(_("pinned date"), null=True, blank=True)
    # Where the data came from when it is not the operator's own; shown on every page.
    data_note_zh = models.CharField(max_length=300, blank=True, default="")
    data_note_en = models.CharField(max_length=300, blank=True, default="")
    # Everybody with a role in the brand must sign in with a second factor.
    two_factor_required = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("brand")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class Shop(models.Model):
    """One shop of a brand on one platform."""

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="shops")
    slug = models.SlugField(_("slug"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    platform = models.CharField(_("platform"), max_length=16, choices=Platform.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("shop")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["brand", "slug"], name="shop_slug_unique_in_brand"),
        ]

    def __str__(self) -> str:
        return self.name
