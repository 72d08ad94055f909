"""From accounts to suggested pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from huitou.members.suggestions.blocking import Candidates, candidates
from huitou.members.suggestions.comparing import Frequencies, compared
from huitou.members.suggestions.evidence import evidence
from huitou.members.suggestions.features import Features, features
from huitou.members.suggestions.model import Floats, Sample, Weights, learnt
from huitou.members.suggestions.texts import Ints, pair_keys
from huitou.members.suggestions.triangles import TRIANGLE_LEAST, consistent

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
# Chosen on training seeds (docs/explanation/identity-suggestions.md), judged on another.
REVIEW_THRESHOLD = 0.85
# More pairs to learn from change nothing that shows.
_LEARNING_PAIRS = 100_000
_RANDOM_PAIRS = 100_000
# Bounds memory: a pair takes about a hundred bytes while it is compared, seventeen before.
_PAIRS_AT_ONCE = 500_000
_SEED = 20_260_101


@dataclass(frozen=True)
class Suggestions:
    """``pairs`` (``PAIRS_SCHEMA``: account ids, a < b; likeliest first) and how they were found.

    ``compared`` pairs were looked at; ``skipped_blocks`` groups of accounts with something in
    common were too large to be.
    """

    pairs: pa.Table
    compared: int
    skipped_blocks: int
    weights: Weights


def suggest(
    accounts: pa.Table, *, decided: pa.Table | None = None, at_least: float = REVIEW_THRESHOLD
) -> Suggestions:
    """Pairs of ``accounts`` (``SCHEMA``) that are one person with a probability ``at_least``.

    ``decided`` has ``a, b``: pairs of account ids that people accepted or refused; their members
    are not suggested to each other again. Of two members only the likeliest pair of accounts is
    given. The order of the rows does not matter, and the same accounts always give the same pairs.

    Raises:
        ValueError: the columns are not those of ``SCHEMA``.
    """
    if accounts.schema.names != SCHEMA.names:
        raise ValueError(f"accounts need the columns {SCHEMA.names}, not {accounts.schema.names}")
    accounts = accounts.cast(SCHEMA).sort_by("account_id")
    f = features(accounts)
    pairs = candidates(f)
    frequencies = Frequencies(f)
    weights = _learnt(f, pairs, frequencies)
    likely = _likely(f, pairs, weights, frequencies)
    a, b = pairs.a[likely], pairs.b[likely]
    found = compared(f, a, b, frequencies)
    alone = weights.probability(found)
    probability = consistent(f, a, b, found, alone, weights, frequencies)

    ids = accounts["account_id"].to_numpy()
    members = pair_keys(f.member[a], f.member[b])
    open_ = ~np.isin(members, _decided(decided, ids, f.member)) & (probability >= at_least)
    at = np.flatnonzero(open_)
    at = at[_best(members[at], probability[at])]
    columns = [
        pa.array(ids[a[at]]),
        pa.array(ids[b[at]]),
        pa.array(probability[at]),
        evidence(found, at),
    ]
    table = pa.table(columns, schema=PAIRS_SCHEMA)
    return Suggestions(table, pairs.a.size, pairs.skipped, weights)


def _likely(f: Features, pairs: Candidates, weights: Weights, frequencies: Frequencies) -> Ints:
    """The places of pairs of different members that are likely enough to be weighed together."""
    apart = np.flatnonzero(~pairs.joined)
    likely = [np.zeros(0, dtype=np.int64)]
    for start in range(0, apart.size, _PAIRS_AT_ONCE):
        at = apart[start : start + _PAIRS_AT_ONCE]
        found = compared(f, pairs.a[at], pairs.b[at], frequencies)
        likely.append(at[weights.probability(found) >= TRIANGLE_LEAST])
    return np.concatenate(likely)


def _learnt(f: Features, pairs: Candidates, frequencies: Frequencies) -> Weights:
    """The weights of this set of accounts, from a sample of the pairs when there are many."""
    rng = np.random.default_rng(_SEED)
    accounts, size = f.member.size, pairs.a.size
    at = np.arange(size)
    if size > _LEARNING_PAIRS:
        at = rng.integers(0, size, _LEARNING_PAIRS)
    sample = Sample(
        compared(f, pairs.a[at], pairs.b[at], frequencies),
        free=pairs.free[at],
        joined=pairs.joined[at],
        share=min(1.0, _LEARNING_PAIRS / max(size, 1)),
        accounts=accounts,
        with_address=int(f.place.written.sum()),
    )
    # No more random pairs than there are: a small brand cannot tell what strangers are like.
    draws = min(_RANDOM_PAIRS, accounts * (accounts - 1) // 2)
    a, b = rng.integers(0, max(accounts, 1), (2, draws))
    apart = f.member[a] != f.member[b]
    return learnt(sample, compared(f, a[apart], b[apart], frequencies))


def _decided(decided: pa.Table | None, ids: Ints, member: Ints) -> Ints:
    """The pairs of members that people have decided on; ids not among ``ids`` do not count."""
    if decided is None or not ids.size:
        return np.zeros(0, dtype=np.int64)
    sides = [decided[name].to_numpy() for name in ("a", "b")]
    places = [np.minimum(np.searchsorted(ids, side), ids.size - 1) for side in sides]
    known = (ids[places[0]] == sides[0]) & (ids[places[1]] == sides[1])
    return pair_keys(member[places[0][known]], member[places[1][known]])


def _best(members: Ints, probability: Floats) -> Ints:
    """The place of the likeliest pair of every two members, likeliest first."""
    order = np.argsort(-probability, kind="stable")
    _, first = np.unique(members[order], return_index=True)
    return order[np.sort(first)]
