"""Time and memory of traits and of a rule of six conditions while a brand grows tenfold.

Each size has its own ground, ten orders and twenty lines a member, and is measured in a process of
its own with DuckDB held to a limit. The smallest is measured again under a limit far below what it
took: it spills, and finds the same. Not among the benches of every run: ``make bench ARGS=growth``
takes a quarter of an hour and some 20 GB of disk; ``HUITOU_BENCH_SIZES`` names other sizes.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import insight_refresh, segments
from bench.ground import measured_apart
from bench.insight_refresh import AS_OF, MEMORY_MIB
from bench.report import Figure

SIZES = [int(n) for n in os.environ.get("HUITOU_BENCH_SIZES", "1000000,10000000").split(",")]
# The least the product gives DuckDB on the smallest machine.
TIGHT_MIB = 512
# How much steeper than in proportion growth may be, as an exponent: sorting has a logarithm.
EXPONENT_MAX = 1.15
ROUNDS = 3
# What a process holds beside DuckDB's limit: the interpreter with Arrow and Ibis, the rows handed
# over to Python where the value models are fitted, and buffers of files being read or written.
BESIDE_MIB = 1_024
_MIB = 1024 * 1024
_BRAND_ID = 1


def run() -> list[Figure]:
    """Measure every size, and the smallest again with little memory."""
    measured = []
    for size in sorted(SIZES):
        with _folder() as home:
            measured.append(_measured(size, home, MEMORY_MIB))
            if size == min(SIZES):
                tight = _measured(size, home, TIGHT_MIB)
                different = _different(home)
    figures = [figure for m in measured for figure in _of_size(m)]
    figures += _growth(measured[0], measured[-1])
    return [
        *figures,
        *_of_size(tight),
        Figure("growth", "members whose traits or answer differ then", str(different), "0",
               different == 0),
    ]  # fmt: skip


def _of_size(m: dict[str, Any]) -> list[Figure]:
    size = f"{m['members']:,} members, {m['orders']:,} orders, {m['limit_mib']} MiB"
    ceiling = m["limit_mib"] + BESIDE_MIB
    figures = []
    for part, name in (("traits", "traits"), ("rule", "rule of six conditions")):
        peak, spilled = m[f"{part}_peak_mib"], m[f"{part}_spilled_mib"]
        figures.append(
            Figure(
                "growth",
                f"{size}: {name}",
                f"{m[f'{part}_s']:.2f} s ({m[f'{part}_cpu_s']:.2f} s of processors),"
                f" peak {peak:.0f} MiB, {spilled:.0f} MiB spilled",
                f"peak ≤ {ceiling} MiB",
                peak <= ceiling,
            )
        )
    return figures


def _growth(small: dict[str, Any], large: dict[str, Any]) -> list[Figure]:
    """How time grows with members: the exponent is 1 in proportion, 2 with the square."""
    if small is large:
        return []
    times = math.log(large["members"] / small["members"])
    figures = []
    for part, name in (("traits", "traits"), ("rule", "rule of six conditions")):
        wall, cpu = (
            math.log(large[f"{part}_{unit}"] / small[f"{part}_{unit}"]) / times
            for unit in ("s", "cpu_s")
        )
        figures.append(
            Figure(
                "growth", f"{name}: exponent of growth, time / processor time",
                f"{wall:.2f} / {cpu:.2f}", f"≤ {EXPONENT_MAX}", wall <= EXPONENT_MAX,
            )
        )  # fmt: skip
    return figures


def _measured(size: int, home: Path, limit_mib: int) -> dict[str, Any]:
    """What each part measured; one leaves memory behind that is not the next one's."""
    found: dict[str, Any] = {"limit_mib": limit_mib}
    while "rule_s" not in found:
        found |= measured_apart(
            "growth",
            HUITOU_BENCH_MEMBERS=str(size),
            HUITOU_LAKE_MEMORY_MIB=str(limit_mib),
            HUITOU_HOME=str(home),
        )
    return found


@contextmanager
def _folder() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="huitou-bench-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _measure() -> dict[str, Any]:
    """The first part that ``HUITOU_HOME`` does not have yet: orders, traits, the rule's answer."""
    from huitou.config.bootstrap import set_up_django

    set_up_django()
    from huitou.brands.models import Brand
    from huitou.lake import engine, store

    # Figures lie in files alone: this brand is in no database.
    brand = Brand(pk=_BRAND_ID, slug="bench", name="Bench", currency="CNY", time_zone="UTC")
    root, limit_mib = store.brand_root(brand.pk), engine.memory_limit_mib()
    drawn = root / "drawn.json"
    if not drawn.exists():
        root.mkdir(parents=True)
        drawn.write_text(json.dumps(segments.draw(root)))
        return {}
    files = json.loads(drawn.read_text())
    if not _file(root, "traits", limit_mib).exists():
        return {**insight_refresh._sizes(files, brand.pk), **_traits(brand, files, limit_mib)}
    return _rule(brand, _file(root, "found", limit_mib))


def _traits(brand: Any, files: dict[str, list[str]], limit_mib: int) -> dict[str, float]:
    from huitou.insight import plan
    from huitou.lake.sessions import DUCKDB

    plan.trait_steps(DUCKDB)  # compiled once a process, whatever the size
    with _watched() as watched:
        segments.publish(brand, files, str(limit_mib))
    return {f"traits_{name}": value for name, value in watched.items()}


def _rule(brand: Any, out: Path) -> dict[str, float]:
    from huitou.lake.sessions import DUCKDB
    from huitou.segments import grounds
    from huitou.segments.reading import read_rule
    from huitou.segments.vocabulary import Vocabulary

    rule = read_rule(segments.RULE, Vocabulary())
    grounds.compiled_once((rule,), DUCKDB)
    with grounds.opened(brand) as ground, _watched() as watched:
        wall, cpu = min(_timed(lambda: grounds.find(ground, rule)) for _ in range(ROUNDS))
        ground.connection.execute(
            f"COPY (SELECT member_id FROM found ORDER BY member_id) TO '{out}' (FORMAT parquet)"
        )
    # The best of several, not the block they are in.
    watched |= {"s": wall, "cpu_s": cpu}
    return {f"rule_{name}": value for name, value in watched.items()}


@contextmanager
def _watched() -> Iterator[dict[str, float]]:
    """Seconds of the block and of the processor, the most memory, and the most that was spilled."""
    spill = Path(os.environ["HUITOU_HOME"]) / "lake" / ".spill"
    watched: dict[str, float] = {"spilled_mib": 0.0}
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.05):
            sizes = (_size(path) for path in spill.glob("*"))
            watched["spilled_mib"] = max(watched["spilled_mib"], sum(sizes) / _MIB)

    looking = threading.Thread(target=look)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    looking.start()
    start, start_cpu = time.perf_counter(), time.process_time()
    try:
        yield watched
    finally:
        watched["s"] = time.perf_counter() - start
        watched["cpu_s"] = time.process_time() - start_cpu
        done.set()
        looking.join()
    status = Path("/proc/self/status").read_text()
    watched["peak_mib"] = int(status.split("VmHWM:")[1].split()[0]) / 1024


def _size(path: Path) -> int:
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:  # the engine removes what it no longer needs
        return 0


def _different(home: Path) -> int:
    """Members whose traits, or the rule's answer, depend on the memory there was.

    Whole numbers, texts and times must be equal; the last digits of others depend on the order in
    which an engine adds up, so they may differ by a millionth.
    """
    import duckdb

    root = home / "lake" / str(_BRAND_ID)
    traits, answers = (
        [_file(root, kind, limit) for limit in (MEMORY_MIB, TIGHT_MIB)]
        for kind in ("traits", "found")
    )
    columns = duckdb.sql(f"DESCRIBE SELECT * FROM '{traits[0]}'").fetchall()
    differs = [
        f"abs(a.{name} - b.{name}) > 1e-6 * greatest(abs(a.{name}), 1e-6)"
        f" OR (a.{name} IS NULL) <> (b.{name} IS NULL)"
        if kind == "DOUBLE"
        else f"a.{name} IS DISTINCT FROM b.{name}"
        for name, kind, *_ in columns
    ]
    found = duckdb.sql(
        f"SELECT (SELECT count(*) FROM '{traits[0]}' a FULL JOIN '{traits[1]}' b USING (member_id)"
        f" WHERE {' OR '.join(differs)}),"
        f" (SELECT count(*) FROM '{answers[0]}' a FULL JOIN '{answers[1]}' b USING (member_id)"
        " WHERE a.member_id IS NULL OR b.member_id IS NULL)"
    ).fetchall()
    return int(sum(found[0]))


def _file(root: Path, kind: str, limit_mib: int) -> Path:
    if kind == "found":
        return root / f"found-{limit_mib}.parquet"
    return root / "snapshots" / f"{AS_OF}-all-{limit_mib}" / "traits.parquet"


def _timed(work: Any) -> tuple[float, float]:
    start, start_cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - start_cpu


if __name__ == "__main__":
    print(json.dumps(_measure()))
