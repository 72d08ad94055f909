"""Lifetimes on the purchases and histories of ``bench/value.py``, in an environment of its own.

``python bench/value_others.py FOLDER PARAMETERS`` reads Parquet files of the folder, prints what
was measured as JSON, and judges the ``PARAMETERS`` (JSON) by its own likelihoods.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter
from lifetimes.utils import ConvergenceError, summary_data_from_transaction_data

BUYING, SPENT = ("r", "alpha", "a", "b"), ("p", "q", "v")


def measured(folder: Path, ours: dict[str, float]) -> dict[str, Any]:
    """Processor seconds of its summary and of both fits, a row per member and collapsed."""
    sums_s, reading_s = _summary(folder / "purchases.parquet")
    found: dict[str, Any] = {"reading_s": reading_s, "sums_s": sums_s}
    for way in ("members", "collapsed"):
        histories = pd.read_parquet(folder / f"{way}_histories.parquet")
        spending = pd.read_parquet(folder / f"{way}_spending.parquet")
        found[way] = _fits(histories, spending)
    histories = pd.read_parquet(folder / "collapsed_histories.parquet")
    spending = pd.read_parquet(folder / "collapsed_spending.parquet")
    return {**found, "ours": _judged(histories, spending, ours)}


def _summary(purchases: Path) -> tuple[float, float]:
    """Seconds to sum up members, and to read their purchases before."""
    bought, reading_s = _timed(lambda: pd.read_parquet(purchases))
    _, sums_s = _timed(
        lambda: summary_data_from_transaction_data(
            bought, "member_id", "biz_date", monetary_value_col="amount"
        )
    )
    return sums_s, reading_s


def _fits(histories: pd.DataFrame, spending: pd.DataFrame) -> dict[str, Any]:
    try:
        (buying, spent), seconds = _timed(
            lambda: (
                BetaGeoFitter().fit(
                    histories.repeats, histories.recency, histories.age, histories.customers
                ),
                GammaGammaFitter().fit(spending.days, spending.average, spending.customers),
            )
        )
    except ConvergenceError as error:
        return {"failed": str(error).strip()}
    parameters = {**buying.params_, **spent.params_}
    return {"fit_s": seconds, **_judged(histories, spending, parameters)}


def _judged(
    histories: pd.DataFrame, spending: pd.DataFrame, parameters: dict[str, float]
) -> dict[str, Any]:
    """The parameters with the mean log-likelihood of a customer under each model."""
    rows = (histories[name].to_numpy() for name in ("repeats", "recency", "age", "customers"))
    buying = BetaGeoFitter._negative_log_likelihood(_logs(parameters, BUYING), *rows, 0.0)
    rows = (spending[name].to_numpy() for name in ("days", "average", "customers"))
    spent = GammaGammaFitter._negative_log_likelihood(_logs(parameters, SPENT), *rows, 0.0)
    return {
        "parameters": {name: float(parameters[name]) for name in BUYING + SPENT},
        "likelihood": [-float(buying), -float(spent)],
    }


def _logs(parameters: dict[str, float], names: tuple[str, ...]) -> np.ndarray[Any, Any]:
    return np.log([parameters[name] for name in names])


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    done = work()
    return done, time.process_time() - start


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(measured(Path(sys.argv[1]), json.loads(sys.argv[2]))))
