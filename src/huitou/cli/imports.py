"""``huitou import``, ``huitou quarantine …`` and ``huitou formats``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from huitou.cli.ground import Json, ready, say, show
from huitou.kernel.errors import RefusedInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from huitou.brands.models import Shop
    from huitou.ingest.models import Batch

# The keys of an import's result; each row is exactly one of stored … quarantined.
RESULT_KEYS = (
    "format", "rows", "stored", "updated", "unchanged", "quarantined", "orders", "lines",
    "paid_minor", "refunded_minor",
)  # fmt: skip

quarantine_app = typer.Typer(help="Refused rows: export, correct, retry.", no_args_is_help=True)


def register(root: typer.Typer) -> None:
    """Add the commands to ``root``."""
    root.command("import")(import_files)
    root.command("formats")(formats)
    root.add_typer(quarantine_app, name="quarantine")


def import_files(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE... | undo BATCH", help="Files as exported.")
    ],
    brand: Annotated[str, typer.Option(help="The brand's slug.")] = "",
    shop: Annotated[str, typer.Option(help="The shop's slug.")] = "",
    format_name: Annotated[str, typer.Option("--format", help="auto, or see `formats`.")] = "auto",
    mapping: Annotated[Path | None, typer.Option(help="A mapping file (YAML).")] = None,
    json: Json = False,
) -> None:
    """Import platform files into a shop, or take an import back: ``huitou import undo BATCH``."""
    if files[0] == "undo":
        _undo(files[1:], as_json=json)
        return
    if not brand or not shop:
        raise RefusedInputError("USAGE", "say where to: --brand BRAND --shop SHOP")
    with ready():
        from django.db import transaction

        from huitou.brands.queries import brand_by_slug, shop_by_slug

        into = shop_by_slug(brand_by_slug(brand), shop)
        rules = _mapping(mapping)
        # One refused file refuses the command, before anything is recorded.
        with transaction.atomic():
            batches = [_accepted(Path(file), into, format_name, rules) for file in files]
        # A file given twice is one batch.
        results = [_import(batch) for batch in dict.fromkeys(batches)]
    result = results[0] if len(results) == 1 else {"imports": results}
    show(result, "\n".join(_sentence(r) for r in results), as_json=json)


@quarantine_app.command("export")
def export_quarantine(
    batch: Annotated[int, typer.Argument(help="Number of the import.")],
    out: Annotated[Path, typer.Option(help="CSV file to write.")],
    json: Json = False,
) -> None:
    """Write the refused rows with their reasons; correct them there and ``retry``."""
    with ready():
        from huitou.ingest.quarantine import write_quarantine

        with out.open("w", encoding="utf-8-sig", newline="") as handle:
            rows = write_quarantine(_batch(batch), handle)
    show({"batch": batch, "rows": rows, "out": str(out)}, f"{rows} rows → {out}", as_json=json)


@quarantine_app.command("retry")
def retry_quarantine(
    batch: Annotated[int, typer.Argument(help="Number of the import.")],
    file: Annotated[Path, typer.Argument(help="The exported table, corrected.")],
    json: Json = False,
) -> None:
    """Import the corrected rows of a quarantine table."""
    with ready():
        from huitou.ingest.retries import retry_file
        from huitou.ingest.services import run_batch

        done = run_batch(retry_file(_batch(batch), _readable(file)).pk)
        result = _result(done)
    show(result, _sentence(result), as_json=json)


def formats(json: Json = False) -> None:
    """List the known formats and the headers that tell them."""
    from huitou.ingest.reading import known_formats

    rows = [
        {"name": f.name, "platform": f.platform, "grain": f.grain, "headers": list(f.headers)}
        for f in known_formats()
    ]
    text = "\n".join(f"{r['name']}\n    {', '.join(r['headers'])}" for r in rows)
    show({"formats": rows}, text, as_json=json)


def _accepted(path: Path, shop: Shop, format_name: str, mapping: Mapping[str, Any] | None) -> Batch:
    from huitou.ingest.services import create_batch

    return create_batch(
        shop=shop,
        path=_readable(path),
        file_name=path.name,
        format_name=format_name,
        mapping=mapping,
    )


def _import(batch: Batch) -> dict[str, Any]:
    from rich.console import Console
    from rich.progress import Progress

    from huitou.ingest.services import run_batch

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(batch.file_name, total=None)
        done = run_batch(
            batch.pk,
            progress=lambda rows, total: bar.update(task, completed=rows, total=total),
        )
    if done.warnings:
        say("; ".join(f"{code} × {count}" for code, count in sorted(done.warnings.items())))
    return _result(done)


def _undo(arguments: list[str], *, as_json: bool) -> None:
    if len(arguments) != 1 or not arguments[0].isdigit():
        raise RefusedInputError("USAGE", "huitou import undo BATCH, the number of one import")
    with ready():
        from huitou.ingest.services import undo_batch

        batch = undo_batch(_batch(int(arguments[0])).pk)
    show({"batch": batch.pk, "state": batch.state}, f"Import {batch} undone.", as_json=as_json)


def _batch(number: int) -> Batch:
    from huitou.ingest.models import Batch

    found = Batch.objects.filter(pk=number).first()
    if found is None:
        raise RefusedInputError("NO_SUCH_BATCH", f"there is no import #{number}")
    return found


def _mapping(path: Path | None) -> Mapping[str, Any] | None:
    if path is None:
        return None
    import yaml

    try:
        loaded = yaml.safe_load(_readable(path).read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RefusedInputError("BAD_MAPPING", f"{path.name} is not YAML: {error}") from error
    if not isinstance(loaded, dict):
        raise RefusedInputError("BAD_MAPPING", f"{path.name} holds no mapping")
    return loaded


def _readable(path: Path) -> Path:
    if not path.is_file():
        raise RefusedInputError("NO_SUCH_FILE", f"there is no file {path}")
    return path


def _result(batch: Batch) -> dict[str, Any]:
    return {"batch": batch.pk, **{key: getattr(batch, key) for key in RESULT_KEYS}}


def _sentence(result: Mapping[str, Any]) -> str:
    return (
        f"#{result['batch']} {result['format']}: {result['rows']:,} rows = "
        f"{result['stored']:,} stored + {result['updated']:,} updated + "
        f"{result['unchanged']:,} unchanged + {result['quarantined']:,} quarantined; "
        f"{result['orders']:,} orders, {result['lines']:,} lines, "
        f"paid {result['paid_minor'] / 100:,.2f}, refunded {result['refunded_minor'] / 100:,.2f}"
    )
