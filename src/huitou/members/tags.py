"""Tags: put and removed on sets of members, with who, why, when and until, and taken back.

One act is one ``TagChange``, however many members it touches; what a member carries is
``standing.standing_tags``. What a rule keeps (``rule_tags``) stands beside what people put: an act
of either leaves the other's alone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.db.models import Count

from huitou.eventlog.services import append
from huitou.kernel.errors import RefusedInputError
from huitou.members.models import Tag, TagAssignment, TagChange, TagGroup, TagSource, TagVerb
from huitou.members.ownership import accounts_of_persons

NAME_CHARS_MAX = 60
REASON_CHARS_MAX = 200
# A brand has no more groups, and a group no more tags: beyond, nobody finds any.
GROUPS_MAX = 100
TAGS_MAX = 300


@dataclass(frozen=True)
class TagWord:
    """A tag with its group; ``members`` counts the accounts that carry it now."""

    id: int
    name: str
    members: int


@dataclass(frozen=True)
class TagGroupView:
    """A group with its tags, by name."""

    id: int
    name: str
    is_exclusive: bool
    tags: tuple[TagWord, ...]


@dataclass(frozen=True)
class TagChangeView:
    """One act in the history of the brand's tags; ``is_undone`` when it was taken back."""

    id: int
    tag: str
    group: str
    verb: str
    source: str
    rule_ref: int | None
    staff: str
    reason: str
    at: datetime
    accounts: int
    is_undone: bool


@dataclass(frozen=True)
class Changed:
    """An act on tags; ``change_id`` is None when it had no effect and left no record."""

    change_id: int | None
    accounts: int


@dataclass(frozen=True)
class Act:
    """Who or what acts on tags, why and when; a rule names itself (``rule_ref``).

    ``origin`` is that of the news of it: ``live``, or ``backfill`` for what is only caught up on.
    """

    source: str
    now: datetime
    staff_id: int | None = None
    reason: str = ""
    rule_ref: int | None = None
    origin: str = "live"


def create_tag_group(*, brand_id: int, name: str, is_exclusive: bool = False) -> int:
    """Add a group; returns its id.

    Raises ``RefusedInputError`` with the code ``NAME``, ``GROUPS_MAX`` or ``GROUP_EXISTS``.
    """
    if TagGroup.objects.filter(brand_id=brand_id).count() >= GROUPS_MAX:
        raise RefusedInputError("GROUPS_MAX", f"A brand has at most {GROUPS_MAX} groups.")
    try:
        with transaction.atomic():
            group = TagGroup.objects.create(
                brand_id=brand_id, name=_name(name), is_exclusive=is_exclusive
            )
    except IntegrityError as error:
        raise RefusedInputError("GROUP_EXISTS", f"There is a group {name!r} already.") from error
    return group.pk


@transaction.atomic
def change_tag_group(*, brand_id: int, group_id: int, is_exclusive: bool) -> None:
    """Let members carry one tag of the group at most, or several again.

    Raises ``RefusedInputError`` with the code ``GROUP``, or ``GROUP_SHARED`` when somebody carries
    several tags of it.
    """
    group = TagGroup.objects.select_for_update().filter(brand_id=brand_id, pk=group_id).first()
    if group is None:
        raise RefusedInputError("GROUP", "The brand has no such group of tags.")
    carried = TagAssignment.objects.filter(tag__group=group, removed=None)
    several = (
        carried.values("account_id")
        .annotate(tags=Count("tag_id", distinct=True))
        .filter(tags__gt=1)
    )
    if is_exclusive and several.exists():
        raise RefusedInputError(
            "GROUP_SHARED",
            f"Members carry several tags of {group.name}: remove some of them first.",
        )
    group.is_exclusive = is_exclusive
    group.save(update_fields=["is_exclusive"])


def create_tag(*, brand_id: int, group_id: int, name: str) -> int:
    """Add a tag to a group; returns its id.

    Raises ``RefusedInputError`` with the code ``GROUP``, ``NAME``, ``TAGS_MAX`` or ``TAG_EXISTS``.
    """
    if not TagGroup.objects.filter(brand_id=brand_id, pk=group_id).exists():
        raise RefusedInputError("GROUP", "The brand has no such group of tags.")
    if Tag.objects.filter(group_id=group_id).count() >= TAGS_MAX:
        raise RefusedInputError("TAGS_MAX", f"A group has at most {TAGS_MAX} tags.")
    try:
        with transaction.atomic():
            return Tag.objects.create(group_id=group_id, name=_name(name)).pk
    except IntegrityError as error:
        raise RefusedInputError("TAG_EXISTS", f"The group has a tag {name!r} already.") from error


def _name(text: str) -> str:
    cleaned = text.strip()
    if not cleaned or len(cleaned) > NAME_CHARS_MAX or not cleaned.isprintable():
        raise RefusedInputError("NAME", f"A name has 1 to {NAME_CHARS_MAX} printable characters.")
    return cleaned


def tag_groups(brand_id: int, *, counted: bool = False) -> list[TagGroupView]:
    """Every group with its tags; ``members`` is counted when asked, else 0."""
    tags: dict[int, list[TagWord]] = {}
    rows = Tag.objects.filter(group__brand_id=brand_id).order_by("name", "id")
    carriers = _carriers(brand_id) if counted else {}
    for pk, group, name in rows.values_list("id", "group_id", "name"):
        tags.setdefault(group, []).append(TagWord(pk, name, carriers.get(pk, 0)))
    return [
        TagGroupView(group.pk, group.name, group.is_exclusive, tuple(tags.get(group.pk, ())))
        for group in TagGroup.objects.filter(brand_id=brand_id).order_by("name", "id")
    ]


def tag_names(brand_id: int) -> dict[int, str]:
    """Every tag of the brand as ``group/name``."""
    return {
        tag.id: f"{group.name}/{tag.name}" for group in tag_groups(brand_id) for tag in group.tags
    }


def _carriers(brand_id: int) -> dict[int, int]:
    active = TagAssignment.objects.filter(tag__group__brand_id=brand_id, removed=None)
    return dict(active.values_list("tag_id").annotate(accounts=Count("account_id", distinct=True)))


@transaction.atomic
def put_tag(
    *,
    brand_id: int,
    tag_id: int,
    member_ids: Collection[int],
    act: Act,
    until: datetime | None = None,
) -> Changed:
    """Put a tag on members, ending at ``until`` when given; in an exclusive group it replaces.

    Members who carry it with the same end are left alone. What a rule keeps is never replaced: of
    an exclusive group what was put last counts. Raises ``RefusedInputError`` with the code ``TAG``,
    ``MEMBER``, ``SOURCE``, ``REASON`` or ``UNTIL``.
    """
    tag = locked_tag(brand_id, tag_id)
    if until is not None and until <= act.now:
        raise RefusedInputError("UNTIL", "The end of a tag must lie after now.")
    accounts = accounts_of_persons(brand_id, member_ids)
    change = started(brand_id, tag, TagVerb.PUT, act)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            update members_tagassignment a set removed_id = %(change)s
            from members_tag t
            where t.id = a.tag_id and a.removed_id is null and a.rule_ref is null
              and a.account_id = any(%(accounts)s)
              and (a.tag_id = %(tag)s and a.until is distinct from %(until)s::timestamptz
                   or %(exclusive)s and t.group_id = %(group)s and a.tag_id <> %(tag)s)
            """,
            {
                "change": change.pk,
                "accounts": accounts,
                "tag": tag.pk,
                "until": until,
                "exclusive": tag.group.is_exclusive,
                "group": tag.group_id,
            },
        )
        cursor.execute(
            "insert into members_tagassignment (account_id, tag_id, put_id, until)"
            " select unnest(%s::bigint[]), %s, %s, %s::timestamptz"
            " on conflict (account_id, tag_id, rule_ref) where removed_id is null do nothing"
            " returning account_id",
            [sorted(set(member_ids)), tag.pk, change.pk, until],
        )
        changed = [row[0] for row in cursor.fetchall()]
    return finished(change, changed)


@transaction.atomic
def remove_tag(*, brand_id: int, tag_id: int, member_ids: Collection[int], act: Act) -> Changed:
    """Remove a tag from all accounts of members; those without it are left alone.

    What a rule keeps stays until the rule lets go of it.

    Raises ``RefusedInputError`` with the code ``TAG``, ``MEMBER``, ``SOURCE`` or ``REASON``.
    """
    tag = locked_tag(brand_id, tag_id)
    accounts = accounts_of_persons(brand_id, member_ids)
    change = started(brand_id, tag, TagVerb.REMOVED, act)
    with connection.cursor() as cursor:
        cursor.execute(
            # As rows: see ``rule_tags.end_by_rule``.
            "update members_tagassignment a set removed_id = %s"
            " from unnest(%s::bigint[]) account(id) where a.account_id = account.id"
            " and a.tag_id = %s and a.removed_id is null and a.rule_ref is null"
            " returning a.account_id",
            [change.pk, accounts, tag.pk],
        )
        changed = [row[0] for row in cursor.fetchall()]
    return finished(change, changed)


@transaction.atomic
def undo_tag_change(*, brand_id: int, change_id: int, act: Act) -> Changed:
    """Take a change back: what it put is removed, what it removed is put again.

    A tag another act put since, and that the group excludes, stays. Raises ``RefusedInputError``
    with the code ``CHANGE``, ``RULE`` for what a rule did and would do again, ``UNDONE``,
    ``SOURCE`` or ``REASON``.
    """
    first = TagChange.objects.filter(brand_id=brand_id, pk=change_id).first()
    if first is None or first.verb == TagVerb.UNDONE:
        raise RefusedInputError("CHANGE", "There is no such change of tags to take back.")
    if first.source == TagSource.RULE:
        raise RefusedInputError("RULE", "A rule did this: change the rule, not what it did.")
    tag = locked_tag(brand_id, first.tag_id)
    if TagChange.objects.filter(undoes=first).exists():
        raise RefusedInputError("UNDONE", "This change was taken back already.")
    change = started(brand_id, tag, TagVerb.UNDONE, act, undoes=first)
    with connection.cursor() as cursor:
        cursor.execute(
            "update members_tagassignment set removed_id = %s"
            " where put_id = %s and removed_id is null returning account_id",
            [change.pk, first.pk],
        )
        changed = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            """
            insert into members_tagassignment (account_id, tag_id, put_id, until)
            select a.account_id, a.tag_id, %(change)s, a.until
            from members_tagassignment a
            where a.removed_id = %(first)s and (a.until is null or a.until > %(now)s)
              and not (%(exclusive)s and exists (
                select 1 from members_tagassignment o join members_tag t on t.id = o.tag_id
                where o.account_id = a.account_id and t.group_id = %(group)s
                  and o.removed_id is null))
            on conflict (account_id, tag_id, rule_ref) where removed_id is null do nothing
            returning account_id
            """,
            {
                "change": change.pk,
                "first": first.pk,
                "now": act.now,
                "exclusive": tag.group.is_exclusive,
                "group": tag.group_id,
            },
        )
        changed += [row[0] for row in cursor.fetchall()]
    return finished(change, changed, keep=True)


def locked_tag(brand_id: int, tag_id: int) -> Tag:
    """The tag, its group locked: two acts on one exclusive group wait for each other.

    Raises ``RefusedInputError``: ``TAG``.
    """
    tag = Tag.objects.filter(group__brand_id=brand_id, pk=tag_id).first()
    if tag is None:
        raise RefusedInputError("TAG", "The brand has no such tag.")
    tag.group = TagGroup.objects.select_for_update().get(pk=tag.group_id)
    return tag


def started(
    brand_id: int, tag: Tag, verb: str, act: Act, undoes: TagChange | None = None
) -> TagChange:
    """The record of an act that begins. Raises ``RefusedInputError``: ``SOURCE``, ``REASON``."""
    if act.source not in TagSource.values:
        raise RefusedInputError("SOURCE", f"{act.source!r} is no source of tags.")
    if len(act.reason) > REASON_CHARS_MAX:
        raise RefusedInputError("REASON", f"A reason has at most {REASON_CHARS_MAX} characters.")
    return TagChange.objects.create(
        brand_id=brand_id,
        tag=tag,
        verb=verb,
        source=act.source,
        source_ref=act.rule_ref,
        staff_id=act.staff_id,
        reason=act.reason.strip(),
        at=act.now,
        undoes=undoes,
    )


def finished(
    change: TagChange, accounts: list[int], *, keep: bool = False, origin: str = "live"
) -> Changed:
    """Write down the effect and tell others of it; without any the record goes unless kept."""
    touched = sorted(set(accounts))
    if not touched and not keep:
        TagAssignment.objects.filter(removed=change).update(removed=None)
        change.delete()
        return Changed(None, 0)
    change.accounts = len(touched)
    change.save(update_fields=["accounts"])
    append(
        brand_id=change.brand_id,
        kind=f"members.tag_{change.verb}",
        subject_ids=touched,
        occurred_at=change.at,
        origin="backfill" if change.source == TagSource.IMPORT else origin,
        payload={
            "tag_id": change.tag_id,
            "change_id": change.pk,
            "source": change.source,
            "rule_ref": change.source_ref if change.source == TagSource.RULE else None,
        },
    )
    return Changed(change.pk, len(touched))


def tag_changes(brand_id: int, *, offset: int = 0, limit: int = 20) -> list[TagChangeView]:
    """The latest acts on tags of the brand, newest first."""
    rows = TagChange.objects.filter(brand_id=brand_id).order_by("-id")[offset : offset + limit]
    listed = list(rows.select_related("tag__group", "staff"))
    undone = set(TagChange.objects.filter(undoes__in=listed).values_list("undoes_id", flat=True))
    return [
        TagChangeView(
            id=row.pk,
            tag=row.tag.name,
            group=row.tag.group.name,
            verb=row.verb,
            source=row.source,
            rule_ref=row.source_ref if row.source == TagSource.RULE else None,
            staff=row.staff.username if row.staff else "",
            reason=row.reason,
            at=row.at,
            accounts=row.accounts,
            is_undone=row.pk in undone,
        )
        for row in listed
    ]
