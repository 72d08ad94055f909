"""Who is who: rules and suggestions on generated Chinese customers and on the FEBRL data sets.

Pairs are counted behind the merge: accounts joined by rules and by suggestions at the review
threshold, and through others, against accounts that belong to one person. Thresholds are chosen on
``TRAINING_SEED`` and judged on ``JUDGED_SEED``, for the product and for the others. Processor
seconds are those of the process, the best of three.
"""

from __future__ import annotations

import csv
import json
import re
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.ground import OTHERS_PYTHON, measured_apart, measured_of_others
from bench.report import Figure
from huitou.demo.people import Crowd, crowd
from huitou.members.suggestions import SCHEMA, suggest
from huitou.members.suggestions.blocking import candidates
from huitou.members.suggestions.features import HAN, features

Ints = NDArray[np.int64]
ACCOUNTS = 200_000
TRAINING_SEED, JUDGED_SEED = 1, 2
ROUNDS = 3
FEBRL = {
    "FEBRL 1": ("dataset1",),
    "FEBRL 2": ("dataset2",),
    "FEBRL 3": ("dataset3",),
    "FEBRL 4": ("dataset4a", "dataset4b"),
}


@dataclass(frozen=True)
class Score:
    """Precision and recall of pairs of accounts."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-9)

    def __str__(self) -> str:
        return f"{self.precision:.4f} / {self.recall:.4f}"


def run() -> list[Figure]:
    """Measure in a child process, so that memory is this bench's alone."""
    with tempfile.TemporaryDirectory(prefix="huitou-bench-") as home:
        figures = measured_apart("identity", HUITOU_HOME=home)
    return [Figure("identity", **figure) for figure in figures]


def _measure() -> Iterator[dict[str, Any]]:
    from huitou.config.bootstrap import set_up_django

    set_up_django()
    judged = crowd(ACCOUNTS, JUDGED_SEED)
    people = np.unique(judged.person_of_account).size
    yield _said(f"{ACCOUNTS:,} accounts of {people:,} people, seed {JUDGED_SEED}", "")
    yield from _product(judged)
    strained = crowd(ACCOUNTS, JUDGED_SEED, strain=2)
    members = joined_by_rules(strained)
    pairs = suggest(_with_members(strained, members)).pairs
    score = scored(strained.person_of_account, members, pairs)
    yield _said("twice the moves, new numbers, shared homes and phones: P / R", str(score))
    with tempfile.TemporaryDirectory(prefix="huitou-bench-") as folder:
        yield from _others(judged, Path(folder))
        yield from _febrl(Path(folder))


def _product(judged: Crowd) -> Iterator[dict[str, Any]]:
    truth = judged.person_of_account
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        members = joined_by_rules(judged)
        accounts = _with_members(judged, members)
        found = suggest(accounts)
        seconds.append(time.process_time() - start)
    memory_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield _said("rules alone: precision / recall", str(scored(truth, members, None)))
    score = scored(truth, members, found.pairs)
    both = score.precision >= 0.995 and score.recall >= 0.95
    yield _said("rules and suggestions: precision / recall", str(score), "≥ 0.995 / ≥ 0.95", both)
    cpu = min(seconds)
    yield _said("rules and suggestions: processor time", f"{cpu:.2f} s", "≤ 3 s", cpu <= 3)
    yield _said("peak memory, the generator's included", f"{memory_mib:.0f} MiB")

    f = features(accounts)
    blocks = candidates(f)
    real = truth[blocks.a] == truth[blocks.b]
    reach = pa.table({"a": blocks.a[real] + 1, "b": blocks.b[real] + 1})
    best = scored(truth, members, reach).recall
    yield _said("recall if every real pair compared were known", f"{best:.4f}")
    likely = suggest(accounts, at_least=0.01).pairs
    probability = likely["probability"].to_numpy()
    right = truth[likely["a"].to_numpy() - 1] == truth[likely["b"].to_numpy() - 1]
    yield _said("said / real share of one person, by probability", _calibration(probability, right))


def joined_by_rules(judged: Crowd) -> Ints:
    """The member of each account (its smallest account) by the product's default rule of keys."""
    from huitou.members.components import DEFAULT_POLICY, components, live_keys
    from huitou.members.models import NAMED_PHONE

    accounts, keys = judged.accounts, judged.keys
    name, phone = (accounts[column].combine_chunks() for column in ("name", "phone"))
    whole = pc.and_(
        pc.match_substring_regex(name, r"^\p{Han}{2,4}$"),
        pc.match_substring_regex(phone, r"^\d{11}$"),
    )
    named = accounts.filter(whole.fill_null(False))
    strong, parcels = keys.num_rows, named.num_rows
    sightings = pa.table(
        {
            "account": pa.chunked_array([*keys["account_id"].chunks, *named["account_id"].chunks]),
            "kind": pa.chunked_array([*keys["kind"].chunks, pa.array([NAMED_PHONE] * parcels)]),
            "value": pa.chunked_array([*keys["value"].chunks, *named["phone"].chunks]),
            "scope": pa.array([""] * (strong + parcels)),
            "name": pa.chunked_array([pa.array([""] * strong), *named["name"].chunks]),
        }
    )
    seen = sightings.group_by(["kind", "value", "scope"]).aggregate([("account", "count_distinct")])
    over = pc.greater(seen["account_count_distinct"], DEFAULT_POLICY.accounts_max)
    void = seen.filter(over).select(["kind", "value", "scope"])
    void = void.set_column(0, "kind", pc.replace_substring(void["kind"], NAMED_PHONE, "phone"))
    ids = accounts["account_id"].to_numpy()
    return components(ids, live_keys(sightings, void)).person


def scored(truth: Ints, members: Ints, pairs: pa.Table | None) -> Score:
    """Pairs of accounts joined by ``members`` and ``pairs``, against the ``truth``."""
    label = members - 1
    if pairs is not None:
        label = _joined(label, pairs["a"].to_numpy() - 1, pairs["b"].to_numpy() - 1)
    right = _pairs_within(label * np.int64(truth.size) + truth)
    return Score(right / max(_pairs_within(label), 1), right / max(_pairs_within(truth), 1))


def _joined(label: Ints, a: Ints, b: Ints) -> Ints:
    """The smallest row each row is joined to, by its ``label`` and by the pairs ``a``, ``b``."""
    a, b = np.concatenate([a, np.arange(label.size)]), np.concatenate([b, label])
    label = np.arange(label.size)
    while True:
        lowest = np.minimum(label[a], label[b])
        lower = label.copy()
        np.minimum.at(lower, a, lowest)
        np.minimum.at(lower, b, lowest)
        lower = lower[lower]
        if np.array_equal(lower, label):
            return label
        label = lower


def _pairs_within(label: Ints) -> int:
    _, counts = np.unique(label, return_counts=True)
    return int((counts * (counts - 1) // 2).sum())


def _with_members(judged: Crowd, members: Ints) -> pa.Table:
    at = SCHEMA.get_field_index("member_id")
    return judged.accounts.set_column(at, SCHEMA.field(at), pa.array(members))


def _calibration(probability: NDArray[np.float64], right: NDArray[np.bool_]) -> str:
    edges = [0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 1.001]
    parts = []
    for low, high in pairwise(edges):
        at = (probability >= low) & (probability < high)
        if at.any():
            parts.append(f"{probability[at].mean():.2f}/{right[at].mean():.2f}")
    return " · ".join(parts)


def _others(judged: Crowd, folder: Path) -> Iterator[dict[str, Any]]:
    """Splink and recordlinkage behind the same rules."""
    if not OTHERS_PYTHON.exists():
        yield _said("Splink and recordlinkage", "not measured: .venv-bench is missing")
        return
    training = crowd(ACCOUNTS, TRAINING_SEED)
    for tool in ("splink", "recordlinkage"):
        pairs, _ = _pairs_of(tool, training, folder)
        thresholds = np.unique(np.quantile(pairs["score"], np.linspace(0, 0.95, 60)))
        members = joined_by_rules(training)
        scores = [
            scored(training.person_of_account, members, _above(pairs, threshold))
            for threshold in thresholds
        ]
        best = thresholds[int(np.argmax([score.f1 for score in scores]))]
        exact = [t for t, score in zip(thresholds, scores, strict=True) if score.precision >= 0.995]
        pairs, seconds = _pairs_of(tool, judged, folder)
        members = joined_by_rules(judged)
        truth = judged.person_of_account
        title = {"splink": "Splink 5"}.get(tool, tool) + ", plain settings, with the rules"
        yield _said(f"{title}: processor time", f"{seconds:.2f} s")
        score = scored(truth, members, _above(pairs, best))
        yield _said(f"{title}: precision / recall at its best F1", str(score))
        score = scored(truth, members, _above(pairs, exact[0])) if exact else None
        yield _said(
            f"{title}: precision / recall held to 0.995 in training",
            str(score) if score else "never so precise",
        )


def _pairs_of(tool: str, judged: Crowd, folder: Path) -> tuple[pa.Table, float]:
    """``a, b, score`` of another tool, and its processor seconds."""
    source, target = folder / "accounts.parquet", folder / f"{tool}.parquet"
    pq.write_table(_taken_apart(judged.accounts), source)
    seconds = measured_of_others("identity_others", tool, str(source), str(target))
    return pq.read_table(target), seconds


def _above(pairs: pa.Table, threshold: float) -> pa.Table:
    return pairs.filter(pc.greater_equal(pairs["score"], threshold))


def _taken_apart(accounts: pa.Table) -> pa.Table:
    """The same with masks resolved into columns of their own, as one would for these tools."""
    f = features(accounts)
    nick = pc.if_else(pc.match_substring(accounts["nick"], "*"), None, accounts["nick"])
    name = pc.if_else(pa.array(f.name.kind == HAN), accounts["name"].combine_chunks(), None)
    columns = {
        **{column: accounts[column] for column in accounts.column_names},
        "nick": nick,
        "name": name,
        "phone": _known(f.phone.whole),
        "tail": _known(f.phone.tail),
        "prefix": _known(f.phone.prefix),
        "surname": _known(f.name.surname),
    }
    return pa.table(columns)


def _known(values: Ints) -> pa.Array:
    return pa.array(values, mask=values < 0)


def _febrl(folder: Path) -> Iterator[dict[str, Any]]:
    if not OTHERS_PYTHON.exists():
        yield _said("FEBRL", "not measured: .venv-bench, which brings the data, is missing")
        return
    measured_of_others("identity_others", "febrl", str(folder))
    for name, files in FEBRL.items():
        accounts, truth = _febrl_accounts([folder / f"{file}.csv" for file in files])
        pairs = suggest(accounts).pairs
        score = scored(truth, accounts["member_id"].to_numpy(), pairs)
        for way, found in (("joined", score), ("pairs alone", _pairs_alone(truth, pairs))):
            goal, met = ("F1 ≥ 0.97", found.f1 >= 0.97) if name == "FEBRL 3" else ("", None)
            title = f"{name}, {way}: precision / recall / F1"
            yield _said(title, f"{found} / {found.f1:.4f}", goal, met)


def _pairs_alone(truth: Ints, pairs: pa.Table) -> Score:
    """The suggested pairs as they are, nobody joined through another."""
    right = (truth[pairs["a"].to_numpy() - 1] == truth[pairs["b"].to_numpy() - 1]).sum()
    return Score(right / max(pairs.num_rows, 1), right / max(_pairs_within(truth), 1))


def _febrl_accounts(files: list[Path]) -> tuple[pa.Table, Ints]:
    """FEBRL's persons as accounts: the social security number stands for a phone."""
    rows = [row for file in files for row in csv.DictReader(file.open(), skipinitialspace=True)]
    truth = [int(re.split(r"\D+", row["rec_id"])[1]) for row in rows]

    def words(row: dict[str, str], *columns: str) -> str | None:
        return " ".join(filter(None, (row[column].strip() for column in columns))) or None

    accounts = [
        {
            "account_id": place,
            "member_id": place,
            "platform": "febrl",
            "name": words(row, "given_name", "surname"),
            "phone": words(row, "soc_sec_id"),
            "province": words(row, "state"),
            "city": words(row, "suburb"),
            "district": words(row, "postcode"),
            "address": words(row, "street_number", "address_1", "address_2"),
            "birthday": _date(row["date_of_birth"].strip()),
        }
        for place, row in enumerate(rows, 1)
    ]
    return pa.Table.from_pylist(accounts, schema=SCHEMA), np.array(truth)


def _date(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a birthday has no zone
    except ValueError:
        return None


def _said(name: str, value: str, goal: str = "", met: bool | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "value": value,
        "goal": goal,
        "met": None if met is None else bool(met),
    }


if __name__ == "__main__":
    print(json.dumps(list(_measure())))
