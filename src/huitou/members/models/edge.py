"""Why two accounts are one person, or are not."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand
from huitou.members.models.member import Member


class Verdict(models.TextChoices):
    """What an edge says of its two accounts."""

    SAME = "same", _("One person")
    APART = "apart", _("Two people")


# Rules of edges that people made; among these the latest of a pair counts. All other edges are the
# record of what the keys did, by the kind of key.
DECIDED = ("staff", "suggestion")


class IdentityEdge(models.Model):
    """One line of evidence; never changed, only followed by later ones."""

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", db_index=False)
    a = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    b = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    rule = models.CharField(max_length=24)  # one of DECIDED, or the kind of key
    key_hash = models.CharField(max_length=64, blank=True, db_default="")
    confidence = models.FloatField()
    reason = models.CharField(max_length=200, blank=True, db_default="")
    source_ref = models.BigIntegerField(null=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("identity evidence")
        constraints = [
            models.CheckConstraint(condition=Q(a__lt=F("b")), name="edge_in_order"),
            models.CheckConstraint(
                condition=Q(verdict__in=Verdict.values), name="edge_verdict_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.a_id} {self.verdict} {self.b_id}"
