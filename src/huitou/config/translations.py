"""Compiles the translations, so that a checkout needs no gettext programs."""

from __future__ import annotations

from pathlib import Path

LOCALE = Path(__file__).resolve().parent.parent / "ui" / "locale"


def compile_translations(folder: Path = LOCALE) -> list[Path]:
    """Write the ``.mo`` beside every ``.po`` that changed since; returns what was written.

    Each file is replaced at once, so that a reader never sees half of it. An installed wheel
    brings its ``.mo`` files and has nothing to compile.
    """
    written = []
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        import polib

        aside = target.with_suffix(".mo.new")
        polib.pofile(str(source)).save_as_mofile(str(aside))
        aside.replace(target)
        written.append(target)
    return written
