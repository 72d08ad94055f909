"""Splink and recordlinkage on the same accounts, with plain settings, in an environment of their own.

``python bench/identity_others.py splink|recordlinkage ACCOUNTS.parquet PAIRS.parquet`` writes
``a, b, score`` and prints the processor seconds spent behind the imports. Both get the accounts with
``phone``, ``tail`` and ``prefix`` taken apart already; that is not on their clock.
"""

from __future__ import annotations

import sys
import time


def splink(accounts: str, pairs: str) -> float:
    """Library comparisons, blocking on phone, tail with city, name with city, address, birthday."""
    import duckdb
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    start = time.process_time()
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.execute(
        f"CREATE TABLE accounts AS SELECT account_id AS unique_id, * FROM read_parquet('{accounts}')"
    )
    rules = [
        block_on("phone"),
        block_on("tail", "city"),
        block_on("tail", "surname"),
        block_on("name", "city"),
        block_on("birthday"),
        block_on("nick"),
        block_on("address"),
    ]
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=rules,
        comparisons=[
            cl.LevenshteinAtThresholds("name", [1]).configure(term_frequency_adjustments=True),
            cl.ExactMatch("surname").configure(term_frequency_adjustments=True),
            cl.ExactMatch("phone"),
            cl.ExactMatch("tail"),
            cl.ExactMatch("prefix"),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.ExactMatch("district").configure(term_frequency_adjustments=True),
            cl.JaccardAtThresholds("address", [0.9, 0.7]),
            cl.ExactMatch("nick").configure(term_frequency_adjustments=True),
            cl.ExactMatch("birthday"),
        ],
    )
    api = DuckDBAPI(connection=connection)
    linker = Linker(api.register("accounts"), settings)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("phone", "name"), block_on("tail", "surname", "city")], recall=0.6
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (block_on("tail", "city"), block_on("name", "city")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_probability=0.01)
    connection.execute(
        f"COPY (SELECT unique_id_l AS a, unique_id_r AS b, match_probability AS score "
        f"FROM {found.physical_name}) TO '{pairs}' (FORMAT parquet)"
    )
    return time.process_time() - start


if __name__ == "__main__":
    tool, source, target = sys.argv[1:]
    print({"splink": splink}[tool](source, target))
