"""fastapriori on the lines of ``bench/association.py``, in an environment of its own.

``python bench/association_others.py LINES.parquet SUPPORT PAIRS.parquet`` writes every directed
pair and prints processor seconds and peak memory as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time

import pandas as pd
from fastapriori import find_associations


def main(lines: str, support: str, pairs: str) -> dict[str, float]:
    """Read the lines of purchases, then count the pairs of at least this support."""
    start = time.process_time()
    bought = pd.read_parquet(lines, filters=[("is_purchase", "==", True)])
    bought = bought[["order_id", "product_id"]]
    read = time.process_time()
    found = find_associations(bought, "order_id", "product_id", min_support=float(support))
    counted = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found.to_parquet(pairs)
    return {"reading_s": read - start, "counting_s": counted - read, "peak_mib": peak}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
