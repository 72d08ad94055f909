"""Figures of a bench run, printed and kept in RESULTS.md with the machine they were taken on."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"


@dataclass(frozen=True)
class Figure:
    """One measured figure; ``goal`` says what it is held against and ``met`` whether it is."""

    bench: str
    name: str
    value: str
    goal: str = ""
    met: bool | None = None


def machine() -> str:
    """Cores, memory, processor and system of this machine."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{cores} cores, {memory:.0f} GiB, {model}, Python {platform.python_version()}"


def commit() -> str:
    """The short name of the commit measured, with + when the tree has changes."""
    root = Path(__file__).parent.parent
    name = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=root, capture_output=True, text=True
    ).stdout.strip()
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--", "src"], cwd=root, capture_output=True, text=True
    ).stdout.strip()
    return (name or "?") + ("+" if changed else "")


def keep(figures: list[Figure]) -> None:
    """Print ``figures`` and append them to RESULTS.md as one dated run; none, nothing."""
    if not figures:
        return
    day = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
    lines = [f"\n## {day} UTC · {commit()} · {machine()}\n"]
    lines += ["| bench | figure | measured | goal | met |", "|---|---|---|---|---|"]
    for f in figures:
        met = {True: "yes", False: "**no**", None: ""}[f.met]
        lines.append(f"| {f.bench} | {f.name} | {f.value} | {f.goal} | {met} |")
        print(f"{f.bench:<18} {f.name:<44} {f.value:<28} {f.goal:<24} {met}")
    if not RESULTS.exists():
        RESULTS.write_text("# Bench results\n\nNewest last. `make bench` appends a run.\n")
    with RESULTS.open("a") as handle:
        handle.write("\n".join(lines) + "\n")
