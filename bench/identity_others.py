"""Splink and recordlinkage on given accounts, with plain settings, in an environment of their own.

``python bench/identity_others.py splink|recordlinkage ACCOUNTS.parquet PAIRS.parquet`` writes
``a, b, score`` and prints the processor seconds behind the imports. Both get names that are whole,
and phones, surnames and ends of numbers taken apart already; that is not on their clock.
``python bench/identity_others.py febrl FOLDER`` copies the FEBRL data sets into ``FOLDER``.
"""

from __future__ import annotations

import shutil
import sys
import time
import warnings
from pathlib import Path

# What two accounts must share to be compared; the same for both.
BLOCKS = (
    ("phone",),
    ("tail", "city"),
    ("tail", "surname"),
    ("name", "city"),
    ("birthday",),
    ("nick",),
    ("address",),
)


def splink(accounts: str, pairs: str) -> float:
    """Library comparisons, frequencies of values, estimated as its tutorial does."""
    import duckdb
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    start = time.process_time()
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE accounts AS SELECT account_id AS unique_id, * EXCLUDE (account_id) "
        f"FROM read_parquet('{accounts}')"
    )
    exact = [
        cl.ExactMatch(name).configure(term_frequency_adjustments=True)
        for name in ("surname", "city", "district", "nick")
    ]
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[block_on(*columns) for columns in BLOCKS],
        comparisons=[
            cl.LevenshteinAtThresholds("name", [1]).configure(term_frequency_adjustments=True),
            *exact,
            *(cl.ExactMatch(name) for name in ("phone", "tail", "prefix", "birthday")),
            cl.JaccardAtThresholds("address", [0.7]),
        ],
    )
    linker = Linker(DuckDBAPI(connection=connection).register("accounts"), settings)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("phone", "name"), block_on("tail", "surname", "city")], recall=0.6
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for columns in (("tail", "city"), ("name", "city"), ("tail", "surname")):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*columns))
    found = linker.inference.predict(threshold_match_probability=0.01)
    connection.execute(
        "COPY (SELECT unique_id_l AS a, unique_id_r AS b, match_weight AS score "
        f"FROM {found.physical_name}) TO '{pairs}' (FORMAT parquet)"
    )
    return time.process_time() - start


def recordlinkage(accounts: str, pairs: str) -> float:
    """Exact comparisons, Jaro-Winkler for addresses, the unsupervised classifier (ECM)."""
    import pandas as pd
    import recordlinkage as rl

    start = time.process_time()
    frame = pd.read_parquet(accounts).set_index("account_id")
    indexer = rl.Index()
    for columns in BLOCKS:
        indexer.block(list(columns))
    candidates = indexer.index(frame)
    compare = rl.Compare()
    for name in ("name", "surname", "phone", "tail", "prefix", "city", "district", "nick"):
        compare.exact(name, name, label=name)
    compare.exact("birthday", "birthday", label="birthday")
    compare.string("address", "address", method="jarowinkler", threshold=0.85, label="address")
    features = compare.compute(candidates, frame)
    classifier = rl.ECMClassifier()
    classifier.fit(features)
    score = classifier.prob(features)
    found = pd.DataFrame({"score": score})
    found.index.names = ["a", "b"]
    found[found.score > 0.01].reset_index().to_parquet(pairs)
    return time.process_time() - start


def febrl(folder: str) -> float:
    """Copy the data sets that recordlinkage ships (BSD-3)."""
    import recordlinkage.datasets.febrl as shipped

    for file in (Path(shipped.__file__).parent / "febrl").glob("*.csv"):
        shutil.copy(file, folder)
    return 0.0


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    what, *paths = sys.argv[1:]
    print({"splink": splink, "recordlinkage": recordlinkage, "febrl": febrl}[what](*paths))
