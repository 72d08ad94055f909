"""Bring segments up to date with the figures: exactly, and no more work than what changed asks for.

A segment whose rule and figures are those of its last refresh is left alone. One whose figures are
newer is judged again on the members that can have moved (``changes``); one that is new, has another
rule, or was judged on figures that are gone, on everybody. Then the tags segments put follow, and
the rules that ask for these.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from django.db import transaction

from huitou.brands.models import Brand
from huitou.eventlog.services import Fresh, append_each
from huitou.insight import snapshots
from huitou.insight.types import Scope
from huitou.kernel.errors import RefusedInputError
from huitou.lake.happenings import happenings
from huitou.members.components import Ints
from huitou.segments import changes, files, grounds, membership
from huitou.segments.changes import Candidates, Earlier
from huitou.segments.errors import RuleError
from huitou.segments.grounds import Found, Ground
from huitou.segments.membership import Moves
from huitou.segments.models import Keeping, Segment, SegmentRefresh, SegmentVersion
from huitou.segments.moments import At
from huitou.segments.queries import latest_refreshes, latest_versions
from huitou.segments.reading import read_rule
from huitou.segments.rules import Did, Holds, Rule, atoms
from huitou.segments.statements import PEOPLE
from huitou.segments.tagging import one_at_a_time, settle_tags, unsettled
from huitou.segments.words import vocabulary_of

_PROBLEM_CHARS = 500
# Rules that ask for tags other segments put are judged again once these moved, and so on: a longer
# chain of segments than this is caught up on by the next refresh.
_TAG_ROUNDS_MAX = 8

# Told what is done now (comparing, judging or keeping), how many segments are judged, of how many.
Progress = Callable[[str, int, int], None]


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

    @cached_property
    def digest(self) -> str:
        """What the rule is known by: with the rules of segments, and what happenings are."""
        asked = {atom.happening for atom in atoms(self.tree) if isinstance(atom, Did)}
        return files.digest_of((self.tree, [happenings()[name] for name in sorted(asked)]))

    @property
    def judged_on(self) -> str:
        """The figures this very rule was last judged on; '' when there are none."""
        return self.last.figures if self.last and self.last.tree_digest == self.digest else ""


def _silent(step: str, done: int, total: int) -> None:
    """Tell nobody."""


def refresh(
    brand: Brand,
    *,
    slugs: Sequence[str] | None = None,
    whole: bool = False,
    progress: Progress = _silent,
) -> list[Refreshed]:
    """Refresh the brand's dynamic segments, or those named; ``whole`` judges everybody anew.

    A segment whose rule cannot be read keeps its members and says what is wrong. Raises
    ``RefusedInputError``: ``NO_FIGURES``, ``SEGMENT`` for a name the brand does not have.
    """
    figures = Path(grounds.snapshot_of(brand.pk).folder).name
    with one_at_a_time(brand.pk):
        tasks, results = _tasks(brand, slugs)
        results += _judged(brand, tasks, progress, whole=whole)
        for _ in range(_TAG_ROUNDS_MAX):
            moved = settle_tags(brand, now=datetime.now(UTC))
            asking = _tasks(brand, slugs)[0] if moved else []
            asking = [task for task in asking if _asks_for(task, moved)]
            if not asking:
                break
            results = _together(results, _judged(brand, asking, progress))
        _note(brand, results, figures)
        files.vacuum(brand.pk, now=time.time())
    return sorted(results, key=lambda done: done.slug)


def _judged(
    brand: Brand, tasks: Sequence[_Task], progress: Progress, *, whole: bool = False
) -> list[Refreshed]:
    groups: dict[str, list[_Task]] = {}
    for task in tasks:
        groups.setdefault("" if whole else task.judged_on, []).append(task)
    results: list[Refreshed] = []
    for earlier, group in groups.items():
        steps = _Steps(progress, len(results), len(tasks))
        results += _refresh_group(brand, earlier, group, steps)
    return results


def _asks_for(task: _Task, tag_ids: set[int]) -> bool:
    """Whether the rule asks for one of the tags."""
    return any(atom.kind == "tag" and int(atom.key) in tag_ids for atom in _holds([task.tree]))


def _together(first: Sequence[Refreshed], again: Sequence[Refreshed]) -> list[Refreshed]:
    """What two looks at the same segments found, one after the other."""
    later = {done.slug: done for done in again}
    return [
        replace(
            later[done.slug],
            entered=done.entered + later[done.slug].entered,
            left=done.left + later[done.slug].left,
            judged=done.judged + later[done.slug].judged,
        )
        if done.slug in later
        else done
        for done in first
    ]


def behind() -> list[int]:
    """The brands with a dynamic segment that was not looked at on the figures in force.

    Or with members that are to carry a segment's tag, or no longer. Other conditions of PostgreSQL
    move without new figures; they are looked at when figures are new.
    """
    standing = Segment.objects.filter(archived_at=None, keeping=Keeping.DYNAMIC)
    looked: dict[int, set[str]] = {}
    for brand_id, looked_at in standing.values_list("brand_id", "looked_at").distinct():
        looked.setdefault(brand_id, set()).add(looked_at)
    found = []
    tags_due = {segment.brand_id for segment in unsettled()}
    for brand_id in sorted({*looked, *tags_due}):
        snapshot = snapshots.current(Scope(brand_id))
        figures = {Path(snapshot.folder).name} if snapshot else set()
        if figures and (brand_id in tags_due or looked[brand_id] != figures):
            found.append(brand_id)
    return found


def _note(brand: Brand, results: Sequence[Refreshed], figures: str) -> None:
    """Say of each segment on which figures it was looked at, and what was wrong with its rule."""
    for problem in {done.problem for done in results}:
        slugs = [done.slug for done in results if done.problem == problem]
        Segment.objects.filter(brand=brand, slug__in=slugs).update(
            looked_at=figures, problem=problem[:_PROBLEM_CHARS]
        )


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
    versions = latest_versions(segment.pk for segment in segments)
    lasts = latest_refreshes(segment.pk for segment in segments)
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


@dataclass
class _Steps:
    """How far a refresh is: ``done`` of ``total`` segments are judged."""

    progress: Progress
    done: int
    total: int

    def tell(self, step: str, *, more: int = 0) -> None:
        """``step`` goes on, with so many segments more that are judged."""
        self.done += more
        self.progress(step, self.done, self.total)

    def counted(self, found: Iterator[Found]) -> Iterator[Found]:
        """``found``, telling of each that one more segment is judged."""
        self.tell("judging")
        for of_segment in found:
            self.tell("judging", more=1)
            yield of_segment


def _refresh_group(
    brand: Brand, earlier: str, group: list[_Task], steps: _Steps
) -> list[Refreshed]:
    """Refresh segments that were last judged on the same ``earlier`` figures ('': on none)."""
    rules = [task.tree for task in group]
    steps.tell("comparing")
    with grounds.opened(brand) as ground:
        moved = [_moved(ground, atom, group) for atom in _holds(rules)] if earlier else []
        if earlier == ground.figures and not any(ids.size for ids in moved):
            return [_unchanged(task) for task in group]
        before = _earlier(brand, earlier, group)
        asked = changes.collect(ground, rules, before, moved) if before else None
        judged = int(asked.to_judge.sum()) if asked else _everybody(ground)
        if asked:
            ground = replace(ground, session=ground.session.here())
        found = steps.counted(grounds.find_each(ground, rules))
        if asked:
            # Few members each: their files are looked into while the engine judges the next rules.
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                moves = list(pool.map(partial(_moves, ground, asked), group, found))
        else:
            moves = list(map(partial(_moves, ground, None), group, found))
        done = list(zip(group, moves, strict=True))
        steps.tell("keeping")
        _record(ground, done)
    return [
        Refreshed(task.segment.slug, m.members, int(m.entered.size), int(m.left.size), judged)
        for task, m in done
    ]


def _holds(rules: Iterable[Rule]) -> list[Holds]:
    return list(dict.fromkeys(a for rule in rules for a in atoms(rule) if isinstance(a, Holds)))


def _moved(ground: Ground, atom: Holds, group: list[_Task]) -> Ints:
    """The members of whom a condition of PostgreSQL was answered otherwise at a last refresh."""
    now, digest = ground.holders_of(atom), files.digest_of(atom)
    names = {task.last.held[digest] for task in group if task.last and digest in task.last.held}
    moved = np.array([], dtype=np.int64)
    for name in sorted(names):
        before = files.read_holders(ground.brand_id, name)
        moved = np.union1d(moved, now if before is None else np.setxor1d(before, now))
    return moved


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


def _everybody(ground: Ground) -> int:
    return int(ground.connection.execute(f"SELECT count(*) FROM {PEOPLE}").fetchall()[0][0])


def _moves(ground: Ground, asked: Candidates | None, task: _Task, found: Found) -> Moves:
    """Who came and went in one segment, of the candidates or, without, of all members."""
    segment_id = task.segment.pk
    before = files.kept_by(task.last) if task.last else None
    if asked and task.last and before:
        sales = task.last.sales_minor
        return membership.of_candidates(ground, segment_id, before, sales, asked=asked, found=found)
    return membership.of_everybody(ground, segment_id, before, found=found)


def _record(ground: Ground, done: Sequence[tuple[_Task, Moves]]) -> None:
    """Write what was found, and tell who came and went."""
    held = {
        files.digest_of(atom): files.write_holders(ground.brand_id, members)
        for atom, members in ground.answers.items()
    }
    with transaction.atomic():
        told = _tell(ground, done)
        SegmentRefresh.objects.bulk_create(
            SegmentRefresh(
                segment=task.segment,
                version=task.version,
                figures=ground.figures,
                tree_digest=task.digest,
                at=ground.at.instant,
                as_of=ground.as_of,
                members=moves.members,
                entered=moves.entered.size,
                left=moves.left.size,
                entered_event=entered,
                left_event=left,
                sales_minor=moves.sales_minor,
                base=moves.kept.base,
                moved=moves.kept.moved,
                held={d: held[d] for d in map(files.digest_of, _holds([task.tree]))},
            )
            for (task, moves), entered, left in zip(done, told[::2], told[1::2], strict=True)
        )


def _tell(ground: Ground, done: Sequence[tuple[_Task, Moves]]) -> list[int | None]:
    """Tell who came and who went; of each segment the first event of both, or None."""
    return append_each(
        brand_id=ground.brand_id,
        occurred_at=ground.at.instant,
        news=[
            Fresh(
                f"segments.members_{kind}",
                ids.tolist(),
                # Who is in because the rule is another was not moved by what they did.
                origin="live" if task.judged_on else "backfill",
                payload={"segment": task.segment.slug},
            )
            for task, moves in done
            for kind, ids in (("entered", moves.entered), ("left", moves.left))
        ],
    )
