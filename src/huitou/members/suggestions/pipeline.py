"""From accounts to suggested pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from huitou.members.suggestions.blocking import candidates
from huitou.members.suggestions.comparing import Frequencies, compared
from huitou.members.suggestions.evidence import evidence
from huitou.members.suggestions.features import features
from huitou.members.suggestions.model import Weights, learnt
from huitou.members.suggestions.texts import Ints
from huitou.members.suggestions.triangles import consistent

# Accounts with one ``member_id`` are one person already. Every text may be null and may be masked
# with *. ``district`` is the finest region known: a district, a county, a postcode.
SCHEMA = pa.schema(
    [
        ("account_id", pa.int64()),
        ("member_id", pa.int64()),
        ("platform", pa.string()),
        ("name", pa.string()),
        ("phone", pa.string()),
        ("email", pa.string()),
        ("nick", pa.string()),
        ("province", pa.string()),
        ("city", pa.string()),
        ("district", pa.string()),
        ("address", pa.string()),
        ("birthday", pa.date32()),
    ]
)
PAIRS_SCHEMA = pa.schema(
    [
        ("a", pa.int64()),
        ("b", pa.int64()),
        ("probability", pa.float64()),
        ("evidence", pa.list_(pa.string())),
    ]
)
# Chosen on a training seed (docs/explanation/identity-suggestions.md), judged on others.
REVIEW_THRESHOLD = 0.9
# Pairs to learn from: more change nothing in the second digit.
_LEARNING_PAIRS = 200_000
_RANDOM_PAIRS = 200_000
_TRIANGLE_LEAST = 0.2
_SEED = 20_260_101


@dataclass(frozen=True)
class Suggestions:
    """``pairs`` (``a, b, probability, evidence``; account ids, a < b; likeliest first)."""

    pairs: pa.Table
    compared: int
    skipped_blocks: int
    weights: Weights


def suggest(
    accounts: pa.Table, *, decided: pa.Table | None = None, at_least: float = REVIEW_THRESHOLD
) -> Suggestions:
    """Pairs of ``accounts`` (``SCHEMA``) that are one person with a probability ``at_least``.

    ``decided`` has ``a, b``: pairs of account ids that people accepted or refused; they are not
    suggested again. Of two members only their likeliest pair of accounts is given. The order of
    the rows does not matter and the same accounts always give the same pairs.
    """
    accounts = accounts.sort_by("account_id")
    f = features(accounts)
    pairs = candidates(f)
    frequencies = Frequencies(f)
    found = compared(f, pairs.a, pairs.b, frequencies)
    weights = _learnt(f, found, pairs, frequencies)
    probability = weights.probability(found)
    ids = accounts["account_id"].to_numpy()
    likely = np.flatnonzero((probability >= _TRIANGLE_LEAST) & ~pairs.joined)
    probability[likely] = consistent(
        f, pairs.a[likely], pairs.b[likely], found.take(likely), probability[likely], weights, frequencies
    )
    likely = likely[probability[likely] >= at_least]
    if decided is not None:
        likely = likely[~_among(ids[pairs.a[likely]], ids[pairs.b[likely]], decided)]
    at = likely[_best(f.member[pairs.a[likely]], f.member[pairs.b[likely]], probability[likely])]
    at = at[np.argsort(-probability[at], kind="stable")]
    columns = [
        pa.array(ids[pairs.a[at]]),
        pa.array(ids[pairs.b[at]]),
        pa.array(probability[at]),
        evidence(found, at),
    ]
    table = pa.table(columns, schema=PAIRS_SCHEMA)
    return Suggestions(table, pairs.a.size, pairs.skipped, weights)


def _learnt(f, found, pairs, frequencies):
    rng = np.random.default_rng(_SEED)
    accounts, size = f.member.size, pairs.a.size
    at = np.arange(size)
    if size > _LEARNING_PAIRS:
        at = rng.integers(0, size, _LEARNING_PAIRS)
    a, b = (rng.integers(0, accounts, _RANDOM_PAIRS) for _ in range(2))
    apart = f.member[a] != f.member[b]
    strangers = compared(f, a[apart], b[apart], frequencies)
    return learnt(found.take(at), strangers, free=pairs.free[at], joined=pairs.joined[at], sampled=min(1.0, _LEARNING_PAIRS / max(size, 1)), accounts=accounts, written=int(f.place.written.sum()))


def _among(a: Ints, b: Ints, decided: pa.Table):
    first, second = decided["a"].to_numpy(), decided["b"].to_numpy()
    low, high = np.minimum(first, second), np.maximum(first, second)
    known = np.unique(np.concatenate([low, high, a, b]))
    def key(x, y): return np.searchsorted(known, x) * known.size + np.searchsorted(known, y)
    return np.isin(key(a, b), key(low, high))


def _best(a: Ints, b: Ints, probability) -> Ints:
    """The place of the likeliest pair of every two members, the first of equals."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((-probability, high, low))
    first = np.append(True, (low[order][1:] != low[order][:-1]) | (high[order][1:] != high[order][:-1]))
    return np.sort(order[first[: order.size]])
