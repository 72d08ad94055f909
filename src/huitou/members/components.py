"""Which accounts are one person: pure, and the same whatever came first.

Accounts that share a key are one person, unless the key is on too many accounts or people have
said that two of them are apart. Without such a verdict this is plain connectivity. With one, links
are taken in a fixed order -- what people joined, then the kinds of key from strong to weak, then
the accounts' own keys -- and a link that would bring two apart accounts together is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from huitou.members.models import IDENTITY_KINDS, NAMED_PHONE, PLATFORM_KINDS

Ints = NDArray[np.int64]

# Strong to weak. A phone alone is weaker than with the name it was used with: numbers change hands.
_ORDER = (*IDENTITY_KINDS[:7], NAMED_PHONE, *IDENTITY_KINDS[7:])
RANK = {kind: rank for rank, kind in enumerate(_ORDER)}
# Kinds a brand may choose to merge by; a platform's own ids always do.
MERGING_KINDS = ("payment_account", "unionid", "card_number", NAMED_PHONE, "phone", "email")
_ACCOUNTS_MAX = 10


@dataclass(frozen=True)
class Policy:
    """``kinds`` of key that merge, and on how many accounts a key may be before it stops."""

    kinds: frozenset[str] = frozenset(MERGING_KINDS)
    accounts_max: int = _ACCOUNTS_MAX

    @property
    def linking(self) -> list[str]:
        """Every kind that links accounts, sorted."""
        return sorted(PLATFORM_KINDS | self.kinds)


DEFAULT_POLICY = Policy()


@dataclass(frozen=True)
class Link:
    """Why an account belongs to its person: ``partner`` has the key too."""

    account: int
    partner: int
    kind: str
    value: str


@dataclass(frozen=True)
class Components:
    """``person`` of each of the ``accounts`` (sorted): the smallest account of the component."""

    accounts: Ints
    person: Ints


def connected(size: int, left: Ints, right: Ints) -> Ints:
    """For each of ``size`` nodes the smallest node it is joined to by the edges.

    >>> connected(5, np.array([3, 1]), np.array([4, 4])).tolist()
    [0, 1, 2, 1, 1]
    """
    label = np.arange(size)
    while True:
        before = label.copy()
        np.minimum.at(label, left, label[right])
        np.minimum.at(label, right, label[left])
        label = label[label]
        if np.array_equal(before, label):
            return label


def live_keys(sightings: pa.Table, void: pa.Table) -> pa.Table:
    """``sightings`` (account, kind, value, scope, name) without keys that are on too many accounts.

    ``void`` has kind, value and scope. A number that is void is so with any name beside it.
    """
    if not void.num_rows:
        return sightings
    families = [_family(kind) for kind in sightings["kind"].to_pylist()]
    keys = sightings.append_column("family", pa.array(families, pa.string()))
    kept = keys.join(
        void.select(["kind", "value", "scope"]).rename_columns(["family", "value", "scope"]),
        keys=["family", "value", "scope"],
        join_type="left anti",
    )
    return kept.select(sightings.column_names)


def _family(kind: str) -> str:
    return "phone" if kind == NAMED_PHONE else kind


def components(
    accounts: Ints,
    sightings: pa.Table,
    *,
    same: Iterable[tuple[int, int]] = (),
    apart: Iterable[tuple[int, int]] = (),
    natural: Mapping[int, tuple[str, ...]] | None = None,
) -> Components:
    """The people among ``accounts``, by their live ``sightings`` and what people decided.

    ``natural`` orders accounts by their own keys instead of by their ids, which tell the order of
    arrival; it is needed for accounts that an ``apart`` touches directly or through others.
    """
    accounts = np.unique(accounts)
    same, apart = list(same), {_pair(a, b) for a, b in apart}
    key, account = _keys(sightings)
    at = np.searchsorted(accounts, account)
    left, right = _stars(key, at)
    decided = np.searchsorted(accounts, np.array(same, dtype=np.int64).reshape(-1, 2))
    label = connected(
        accounts.size, np.append(left, decided[:, 0]), np.append(right, decided[:, 1])
    )
    person = accounts[label]
    of = dict(zip(accounts.tolist(), person.tolist(), strict=True))
    contested = {of[a] for a, b in apart if of[a] == of[b]}
    for root in sorted(contested):
        members = accounts[person == root]
        here = np.isin(account, members)
        parted = _constrained(
            members.tolist(),
            sightings.filter(pa.array(here)),
            same=[pair for pair in same if of[pair[0]] == root],
            apart=apart,
            natural=natural or {},
        )
        person[np.searchsorted(accounts, members)] = [parted[m] for m in members.tolist()]
    return Components(accounts, person)


def _pair(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def _keys(sightings: pa.Table) -> tuple[Ints, Ints]:
    """A number for the key of each sighting, and its account."""
    import pyarrow.compute as pc

    joined = pc.binary_join_element_wise(
        *(sightings[c].cast(pa.string()) for c in ("kind", "value", "scope", "name")), "\x1f"
    )
    codes = joined.combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    return codes, sightings["account"].to_numpy()


def _stars(key: Ints, at: Ints) -> tuple[Ints, Ints]:
    """Edges from the first holder of each key to its others."""
    order = np.lexsort((at, key))
    key, at = key[order], at[order]
    first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if key.size else key
    hub = np.repeat(at[first], np.diff(np.r_[first, key.size])) if key.size else at
    joined = hub != at
    return hub[joined], at[joined]


def _constrained(
    members: Sequence[int],
    sightings: pa.Table,
    *,
    same: Sequence[tuple[int, int]],
    apart: set[tuple[int, int]],
    natural: Mapping[int, tuple[str, ...]],
) -> dict[int, int]:
    """The smallest account joined to each of ``members`` when ``apart`` pairs stay apart."""
    group: dict[int, set[int]] = {member: {member} for member in members}

    def own(member: int) -> tuple[tuple[str, ...], int]:
        return natural.get(member, ()), member

    def join(a: int, b: int) -> None:
        ours, theirs = group[a], group[b]
        if ours is theirs or any(_pair(x, y) in apart for x in ours for y in theirs):
            return
        ours |= theirs
        for member in theirs:
            group[member] = ours

    for a, b in sorted(same, key=lambda pair: sorted((own(pair[0]), own(pair[1])))):
        join(a, b)
    holders: dict[tuple[int, str, str, str], set[int]] = {}
    for row in sightings.to_pylist():
        key = (RANK[row["kind"]], row["value"], row["scope"], row["name"])
        holders.setdefault(key, set()).add(row["account"])
    for key in sorted(holders):
        ordered = sorted(holders[key], key=own)
        for n, a in enumerate(ordered):
            for b in ordered[n + 1 :]:
                join(a, b)
    return {member: min(group[member]) for member in members}


def links(found: Components, sightings: pa.Table) -> list[Link]:
    """For each account that is not its person's own, the strongest key it shares with that person.

    ``sightings`` are live. An account that only people's decisions join has none.
    """
    person_of = dict(zip(found.accounts.tolist(), found.person.tolist(), strict=True))
    holders: dict[tuple[int, str, str, str], list[int]] = {}
    for row in sightings.to_pylist():
        key = (RANK[row["kind"]], row["value"], row["scope"], row["name"])
        holders.setdefault(key, []).append(row["account"])
    chosen: dict[int, Link] = {}
    kinds = {rank: kind for kind, rank in RANK.items()}
    for (rank, value, _, _), accounts in sorted(holders.items()):
        for account in accounts:
            if account in chosen or person_of[account] == account:
                continue
            partners = [
                other
                for other in accounts
                if other != account and person_of[other] == person_of[account]
            ]
            if partners:
                chosen[account] = Link(account, min(partners), kinds[rank], value)
    return [chosen[account] for account in sorted(chosen)]
