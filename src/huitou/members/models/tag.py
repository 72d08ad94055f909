"""Tags, the groups they stand in, and who or what gave them to whom."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Brand
from huitou.members.models.member import Member


class TagSource(models.TextChoices):
    """What puts or removes a tag."""

    STAFF = "staff", _("Staff")
    IMPORT = "import", _("Import")
    RULE = "rule", _("Rule")
    SURVEY = "survey", _("Survey")
    REVIEW = "review", _("Review")


class TagVerb(models.TextChoices):
    """What a change did."""

    PUT = "put", _("Put")
    REMOVED = "removed", _("Removed")
    UNDONE = "undone", _("Undone")


class TagGroup(models.Model):
    """Tags that belong together; of an exclusive group a member carries one at most."""

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=60)
    is_exclusive = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("tag group")
        constraints = [
            models.UniqueConstraint("brand", Lower("name"), name="tag_group_name_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A word members can carry."""

    group = models.ForeignKey(
        TagGroup, on_delete=models.PROTECT, related_name="tags", db_index=False
    )
    name = models.CharField(max_length=60)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("tag")
        constraints = [
            models.UniqueConstraint("group", Lower("name"), name="tag_name_unique_in_group"),
        ]

    def __str__(self) -> str:
        return self.name


class TagChange(models.Model):
    """One act of putting or removing a tag, on one member or on many: who, why and when."""

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", db_index=False)
    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="+", db_index=False)
    verb = models.CharField(max_length=8, choices=TagVerb.choices)
    source = models.CharField(max_length=8, choices=TagSource.choices)
    source_ref = models.BigIntegerField(null=True)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    reason = models.CharField(max_length=200, blank=True, db_default="")
    at = models.DateTimeField()
    accounts = models.IntegerField(db_default=0)  # on how many it had an effect
    # What this change takes back; a change is taken back once.
    undoes = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("tag change")
        constraints = [
            models.CheckConstraint(
                condition=Q(source__in=TagSource.values), name="tag_source_known"
            ),
            models.CheckConstraint(
                condition=Q(verb=TagVerb.UNDONE, undoes__isnull=False)
                | (~Q(verb=TagVerb.UNDONE) & Q(undoes__isnull=True)),
                name="tag_undoing_names_its_change",
            ),
        ]
        indexes = [models.Index(fields=["brand", "-id"], name="tag_change_newest")]

    def __str__(self) -> str:
        return f"{self.verb} {self.tag_id}"


class TagAssignment(models.Model):
    """A tag on an account, from the change that put it to the one that removed it.

    What a rule keeps stands beside what people put: neither ever ends the other.
    """

    account = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False)
    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="+", db_index=False)
    put = models.ForeignKey(TagChange, on_delete=models.PROTECT, related_name="+")
    until = models.DateTimeField(null=True)  # carried no longer from then on
    # The rule that keeps it (its id where rules are); null for what people or imports put.
    rule_ref = models.BigIntegerField(null=True)
    removed = models.ForeignKey(TagChange, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("tag assignment")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "tag", "rule_ref"],
                condition=Q(removed=None),
                nulls_distinct=False,
                name="tag_put_once_by_each",
            ),
        ]
        indexes = [
            models.Index(fields=["account"], name="tag_of_account"),
            models.Index(
                fields=["rule_ref", "tag"],
                condition=Q(removed=None, rule_ref__isnull=False),
                name="tag_kept_by_rule",
            ),
            # Who carries a tag: the counts of the tag page.
            models.Index(fields=["tag", "account"], condition=Q(removed=None), name="tag_carriers"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.tag_id}"
