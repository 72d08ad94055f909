"""``make bench``: run every bench, or those named in ARGS, and keep the figures.

Each bench is a module with ``run() -> list[Figure]``. They run one after another: the machine's
cores are shared by the database and the product as in real life.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.report import Figure, keep

BENCHES = (
    "import_orders",
    "resolution",
    "insight_refresh",
    "segments",
    "belongings",
    "crossings",
    "value",
    "association",
    "spark",
    "pages",
    "events",
    "first_start",
    "identity",
)
# Run when named only: they take a quarter of an hour and more disk than a laptop has to spare.
LONG = ("growth",)


def main(wanted: list[str]) -> None:
    """Run the ``wanted`` benches, all of them when none is named."""
    there = {*BENCHES, *LONG}
    unknown = set(wanted) - there
    if unknown:
        raise SystemExit(f"no such bench: {', '.join(sorted(unknown))}; there are {sorted(there)}")
    figures: list[Figure] = []
    try:
        for name in wanted or BENCHES:
            print(f"— {name}", flush=True)
            figures += importlib.import_module(f"bench.{name}").run()
    finally:
        # A bench that fails does not take the figures of those before it along.
        keep(figures)


if __name__ == "__main__":
    main(sys.argv[1:])
