"""Bring segments up to date with the figures: exactly, and no more work than what changed asks for.

A segment whose rule and figures are those of its last refresh is left alone. One whose figures are
newer is judged again on the members that can have moved (``changes``); one that is new, has another
rule, or was judged on figures that are gone, on everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from django.db import connection as database
from django.db import transaction
from django.db.models import OuterRef, Subquery
from numpy.typing import NDArray

from huitou.brands.models import Brand
from huitou.eventlog.services import append
from huitou.insight import snapshots
from huitou.insight.types import Scope
from huitou.kernel.errors import RefusedInputError
from huitou.segments import changes, files, grounds, membership
from huitou.segments.changes import Earlier
from huitou.segments.grounds import Ground
from huitou.segments.holding import members_of
from huitou.segments.membership import Moves
from huitou.segments.models import Keeping, Segment, SegmentRefresh, SegmentVersion
from huitou.segments.moments import At
from huitou.segments.reading import RuleError, read_rule
from huitou.segments.rules import Holds, Rule, atoms
from huitou.segments.statements import PEOPLE
from huitou.segments.words import vocabulary_of

Ints = NDArray[np.int64]

# One refresh per brand at a time: "segm" in ASCII.
_LOCK_CLASS = 0x7365676D


@dataclass(frozen=True)
class Refreshed:
    """What a refresh found; ``judged`` counts the members looked at, 0 when nothing changed."""

    slug: str
    members: int
    entered: int
    left: int
    judged: int
    problem: str = ""


@dataclass(frozen=True)
class _Task:
    segment: Segment
    version: SegmentVersion
    tree: Rule
    last: SegmentRefresh | None


def refresh(
    brand: Brand, *, slugs: Sequence[str] | None = None, whole: bool = False
) -> list[Refreshed]:
    """Refresh the brand's dynamic segments, or those named; ``whole`` judges everybody anew.

    A segment whose rule cannot be read keeps its members and says what is wrong. Raises
    ``RefusedInputError``: ``NO_FIGURES``, ``SEGMENT`` for a name the brand does not have.
    """
    snapshot = grounds.snapshot_of(brand.pk)
    with database.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s, %s)", [_LOCK_CLASS, brand.pk])
    try:
        tasks, results = _tasks(brand, slugs)
        groups: dict[str, list[_Task]] = {}
        for task in tasks:
            groups.setdefault(_judged_on(task, whole), []).append(task)
        for folder, group in groups.items():
            results += _refresh_group(brand, snapshot.folder, folder, group)
    finally:
        with database.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s, %s)", [_LOCK_CLASS, brand.pk])
    return sorted(results, key=lambda done: done.slug)


def behind() -> list[Brand]:
    """The brands with a dynamic segment that was last judged on other figures than those in force.

    Conditions of PostgreSQL move without new figures; they are looked at when figures are new.
    """
    latest = SegmentRefresh.objects.filter(segment=OuterRef("pk")).order_by("-id")
    standing = Segment.objects.filter(archived_at=None, keeping=Keeping.DYNAMIC)
    judged_on: dict[int, set[str | None]] = {}
    for brand_id, figures in standing.annotate(
        judged_on=Subquery(latest.values("figures")[:1])
    ).values_list("brand_id", "judged_on"):
        judged_on.setdefault(brand_id, set()).add(figures)
    found = []
    for brand in Brand.objects.filter(pk__in=judged_on).order_by("pk"):
        snapshot = snapshots.current(Scope(brand.pk))
        if snapshot is not None and judged_on[brand.pk] != {Path(snapshot.folder).name}:
            found.append(brand)
    return found


def _tasks(brand: Brand, slugs: Sequence[str] | None) -> tuple[list[_Task], list[Refreshed]]:
    """What there is to refresh, and the segments whose rule cannot be read."""
    segments = Segment.objects.filter(
        brand=brand, archived_at=None, keeping=Keeping.DYNAMIC
    ).order_by("id")
    if slugs is not None:
        segments = segments.filter(slug__in=slugs)
        missing = sorted(set(slugs) - {segment.slug for segment in segments})
        if missing:
            raise RefusedInputError(
                "SEGMENT", f"The brand has no dynamic segment {', '.join(missing)}."
            )
    words = vocabulary_of(brand)
    of_them = {"segment__in": segments}
    versions = {
        v.segment_id: v for v in SegmentVersion.objects.filter(**of_them).order_by("number")
    }
    newest = SegmentRefresh.objects.filter(**of_them).order_by("segment_id", "-id")
    lasts = {r.segment_id: r for r in newest.distinct("segment_id")}
    tasks, broken = [], []
    for segment in segments:
        version = versions[segment.pk]
        last = lasts.get(segment.pk)
        try:
            tree = read_rule(version.rule, words)
        except RuleError as error:
            members = last.members if last else 0
            broken.append(Refreshed(segment.slug, members, 0, 0, 0, problem=str(error)))
            continue
        tasks.append(_Task(segment, version, tree, last))
    return tasks, broken


def _judged_on(task: _Task, whole: bool) -> str:
    """The folder of the figures the segment's rule was last judged on; '' when there are none."""
    if whole or task.last is None or task.last.version_id != task.version.pk:
        return ""
    return task.last.figures


def _refresh_group(brand: Brand, current: str, before: str, group: list[_Task]) -> list[Refreshed]:
    """Refresh segments that were last judged on the same figures."""
    rules = [task.tree for task in group]
    figures = Path(current).name
    with grounds.opened(brand) as ground:
        asked = {a: members_of(brand.pk, a, ground.at) for a in _holds(rules)}
        moved = [_moved(brand.pk, atom, members) for atom, members in asked.items()]
        if before == figures and not any(ids.size for ids in moved):
            return [_unchanged(task) for task in group]
        earlier = _earlier(brand, before, group)
        lake_files = grounds.files_of(current)
        some = earlier is not None and changes.collect(ground, rules, earlier, lake_files)
        if some:
            for ids in moved:
                ground.connection.register("moved", pa.table({"member_id": ids}))
                changes.add(ground.connection, "SELECT member_id FROM moved")
                ground.connection.unregister("moved")
            membership.look_at_money(ground, before=True)
            judged = changes.narrow(ground, rules)
        else:
            judged = ground.connection.execute(f"SELECT count(*) FROM {PEOPLE}").fetchall()[0][0]
        done = [(task, _moves(ground, task, some=some)) for task in group]
        _record(ground, figures, done)
        for atom, members in asked.items():
            files.keep_holders(brand.pk, atom, members)
    return [
        Refreshed(task.segment.slug, m.members, int(m.entered.size), int(m.left.size), judged)
        for task, m in done
    ]


def _holds(rules: Iterable[Rule]) -> list[Holds]:
    return list(dict.fromkeys(a for rule in rules for a in atoms(rule) if isinstance(a, Holds)))


def _moved(brand_id: int, atom: Holds, members: Ints) -> Ints:
    """The members of whom a condition of PostgreSQL was answered otherwise at the last refresh."""
    before = files.holders_kept(brand_id, atom)
    return np.setxor1d(before, members) if before is not None else members


def _earlier(brand: Brand, figures: str, group: list[_Task]) -> Earlier | None:
    folder = snapshots.snapshots_root(brand.pk) / figures
    last = group[0].last
    if not figures or last is None or not (folder / snapshots.SUMMARY_FILE).exists():
        return None
    at = At(last.at, ZoneInfo(brand.time_zone))
    return Earlier(str(folder / snapshots.TRAITS_FILE), grounds.files_of(str(folder)), at)


def _unchanged(task: _Task) -> Refreshed:
    members = task.last.members if task.last else 0
    return Refreshed(task.segment.slug, members, 0, 0, 0)


def _moves(ground: Ground, task: _Task, *, some: bool) -> Moves:
    """Judge one segment, of all members or of the candidates."""
    grounds.find(ground, task.tree)
    before = files.kept_by(task.last) if task.last else None
    if some and task.last and before:
        return membership.of_candidates(ground, task.segment.pk, before, task.last.sales_minor)
    return membership.of_everybody(ground, task.segment.pk, before)


def _record(ground: Ground, figures: str, done: Sequence[tuple[_Task, Moves]]) -> None:
    """Write what was found, and tell who came and went."""
    with transaction.atomic():
        SegmentRefresh.objects.bulk_create(
            SegmentRefresh(
                segment=task.segment,
                version=task.version,
                figures=figures,
                at=ground.at.instant,
                as_of=ground.as_of,
                members=moves.members,
                entered=moves.entered.size,
                left=moves.left.size,
                sales_minor=moves.sales_minor,
                base=moves.kept.base,
                moved=moves.kept.moved,
            )
            for task, moves in done
        )
        for task, moves in done:
            # Who is in because the rule is new or another was not moved by what they did.
            same_rule = task.last is not None and task.last.version_id == task.version.pk
            for kind, ids in (("entered", moves.entered), ("left", moves.left)):
                append(
                    brand_id=ground.brand_id,
                    kind=f"segments.members_{kind}",
                    subject_ids=ids.tolist(),
                    occurred_at=ground.at.instant,
                    origin="live" if same_rule else "backfill",
                    payload={"segment": task.segment.slug},
                )
