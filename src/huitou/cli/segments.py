"""``huitou segment …``: what rules find, for terminals and scripts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from huitou.cli.ground import Json, ready, say, show
from huitou.cli.members import MEMBER_NAMES, named_account
from huitou.kernel.errors import RefusedInputError

segment_app = typer.Typer(help="Audiences by rule.", no_args_is_help=True)

BrandName = Annotated[str, typer.Option("--brand", help="The brand's slug.")]
RuleFile = Annotated[Path, typer.Option("--rule", help="The rule: a YAML or JSON file.")]
Slug = Annotated[str, typer.Argument(help="The segment's slug.")]
AsOf = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Default: the day of the figures."),
]


def register(root: typer.Typer) -> None:
    """Add the commands to ``root``."""
    root.add_typer(segment_app, name="segment")


@contextmanager
def refused_in_chinese() -> Iterator[None]:
    """What is wrong with a rule is told in Chinese too, as rules themselves are."""
    try:
        yield
    except RefusedInputError as error:
        from huitou.segments.errors import RuleError

        if isinstance(error, RuleError):
            from huitou.config.bootstrap import set_up_django

            set_up_django()
            from django.utils.translation import override

            from huitou.console.segment_refusals import segment_refusal

            with override("zh-hans"):
                say(segment_refusal(error))
        raise


@segment_app.command()
@refused_in_chinese()
def preview(brand: BrandName, rule: RuleFile, as_of: AsOf = None, json: Json = False) -> None:
    """How many members a rule finds, what they spent, and the rule in words."""
    data = _rule(rule)
    with ready():
        from huitou.brands.queries import brand_by_slug
        from huitou.segments.previews import preview as look

        found = look(brand_by_slug(brand), data, as_of=as_of.date() if as_of else None)
    text = (
        f"{found.sentence_zh}\n{found.sentence_en}\n"
        f"{found.members:,} of {found.of_members:,} members as of {found.as_of}, {found.ms} ms"
    )
    show(asdict(found), text, as_json=json)


@segment_app.command()
@refused_in_chinese()
def put(
    brand: BrandName,
    slug: Slug,
    rule: RuleFile,
    name: Annotated[str, typer.Option(help="What it is called; default: the slug.")] = "",
    tag: Annotated[
        str | None,
        typer.Option(help="The tag its members carry, as group/name; '' takes it off."),
    ] = None,
    json: Json = False,
) -> None:
    """Make a segment, or give it another rule or tag; members who stand get the tag at once."""
    data = _rule(rule)
    with ready():
        from django.utils import timezone

        from huitou.brands.queries import brand_by_slug
        from huitou.segments.services import put_segment
        from huitou.segments.tagging import settle_tags

        found, now = brand_by_slug(brand), timezone.now()
        segment = put_segment(
            brand=found, slug=slug, name=name or slug, rule=data, now=now, tag=tag
        )
        settle_tags(found, now=now)
        show({"segment": segment.slug, "name": segment.name}, segment.slug, as_json=json)


@segment_app.command("list")
def list_segments(brand: BrandName, json: Json = False) -> None:
    """The segments in use: members, and as of when or what is wrong."""
    with ready():
        from huitou.brands.queries import brand_by_slug
        from huitou.segments.queries import segments_in_use

        rows = [asdict(view) for view in segments_in_use(brand_by_slug(brand))]
    lines = [
        f"{r['slug']:<24} {r['members']:>9,}  {r['keeping']}  {r['problem'] or r['at'] or 'never'}"
        + (f"  #{r['tag_name']}" if r["tag_name"] else "")
        for r in rows
    ]
    show({"segments": rows}, "\n".join(lines) or "None.", as_json=json)


@segment_app.command()
def starter(
    brand: BrandName,
    english: Annotated[bool, typer.Option("--english", help="English names.")] = False,
    json: Json = False,
) -> None:
    """Add the segments that are ready to use."""
    with ready():
        from django.utils import timezone

        from huitou.brands.queries import brand_by_slug
        from huitou.segments.starter import add_starter_set

        added = add_starter_set(brand=brand_by_slug(brand), now=timezone.now(), english=english)
    show({"added": added}, f"Added: {', '.join(added) or 'none'}.", as_json=json)


@segment_app.command()
def export(
    brand: BrandName,
    slug: Slug,
    out: Annotated[Path, typer.Option("--out", help="A file that ends in .csv or .xlsx.")],
    json: Json = False,
) -> None:
    """Write a segment's members to a table, contacts masked as on pages."""
    with ready():
        from huitou.brands.queries import brand_by_slug
        from huitou.console.segment_export import export_segment

        members = export_segment(brand=brand_by_slug(brand), slug=slug, target=out)
    show({"members": members, "file": str(out)}, f"{members:,} members: {out}", as_json=json)


@segment_app.command()
def freeze(brand: BrandName, slug: Slug, json: Json = False) -> None:
    """Let a segment keep the members it has."""
    with ready():
        from huitou.brands.queries import brand_by_slug
        from huitou.segments.services import freeze_segment

        segment = freeze_segment(brand=brand_by_slug(brand), slug=slug)
        text = f"{slug} keeps its members from now on."
        show({"segment": slug, "keeping": segment.keeping}, text, as_json=json)


@segment_app.command()
def archive(brand: BrandName, slug: Slug, json: Json = False) -> None:
    """Take a segment out of use; rules that name it can no longer be read."""
    with ready():
        from django.utils import timezone

        from huitou.brands.queries import brand_by_slug
        from huitou.segments.services import archive_segment
        from huitou.segments.tagging import settle_tags

        found, now = brand_by_slug(brand), timezone.now()
        archive_segment(brand=found, slug=slug, now=now)
        settle_tags(found, now=now)
        show({"segment": slug}, f"{slug} is out of use.", as_json=json)


@segment_app.command()
def refresh(
    brand: BrandName,
    slugs: Annotated[list[str] | None, typer.Argument(help="Default: every dynamic one.")] = None,
    whole: Annotated[bool, typer.Option("--whole", help="Judge every member anew.")] = False,
    json: Json = False,
) -> None:
    """Bring segments up to date with the figures."""
    with ready():
        from huitou.brands.queries import brand_by_slug
        from huitou.segments.refreshing import refresh as bring

        found = bring(brand_by_slug(brand), slugs=slugs, whole=whole)
    lines = [
        f"{d.slug}: {d.problem}" if d.problem
        else f"{d.slug}: {d.members:,} members, {d.entered:,} entered, {d.left:,} left"
        for d in found
    ]  # fmt: skip
    show({"segments": [asdict(d) for d in found]}, "\n".join(lines) or "None.", as_json=json)


@segment_app.command()
@refused_in_chinese()
def explain(
    brand: BrandName,
    slug: Slug,
    member: Annotated[str, typer.Option("--member", help=MEMBER_NAMES)],
    json: Json = False,
) -> None:
    """Why a member is in a segment or not, since when, and until when."""
    with ready():
        from django.utils import timezone

        from huitou.brands.queries import brand_by_slug
        from huitou.members.queries import persons_of
        from huitou.segments.explaining import explain as why
        from huitou.segments.queries import segment_by_slug

        found = brand_by_slug(brand)
        account = named_account(found, member)
        said = why(
            brand=found,
            segment=segment_by_slug(found, slug),
            member_id=persons_of(found.pk, [account])[account],
            now=timezone.now(),
        )
    show(asdict(said), "\n".join(_told(said.finding, 0)), as_json=json)


@segment_app.command()
def schema() -> None:
    """The JSON Schema of rules, on standard output."""
    from huitou.config.bootstrap import set_up_django

    set_up_django()
    from json import dumps

    from huitou.segments.schema import rule_schema

    typer.echo(dumps(rule_schema(), ensure_ascii=False, indent=1, sort_keys=True))


def _told(finding: Any, depth: int) -> list[str]:
    """A finding and its parts, a line each: ✓ or ✗, the condition, and what there is."""
    mark = "✓" if finding.holds else "✗"
    actual = f" → {finding.told.zh}" if finding.told else ""
    lines = [f"{'  ' * depth}{mark} {finding.says.zh}{actual}"]
    return lines + [line for part in finding.parts for line in _told(part, depth + 1)]


def _rule(path: Path) -> Any:
    """The data of a rule file. Raises ``RefusedInputError``: ``RULE_FILE``; ``RuleError``."""
    from huitou.segments.texts import rule_of_text

    try:
        return rule_of_text(path.read_text("utf-8-sig"))
    except OSError as error:
        raise RefusedInputError("RULE_FILE", f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise RefusedInputError("RULE_FILE", f"{path} is no UTF-8 text: {error}") from None
