"""How far two accounts agree, field by field: one level per field and pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from huitou.members.suggestions.features import (
    HAN,
    MASKED,
    MEMBERS_OF_A_VALUE_MAX,
    OTHER,
    PET,
    Features,
    Names,
    Phones,
    Places,
)
from huitou.members.suggestions.texts import Ints, keys, likeness

Levels = NDArray[np.int8]
# How often two strangers' phones end alike, and begin and end alike (some thirty prefixes are
# common).
TAIL_SHARE, SHOWN_SHARE = 1e-4, 3e-6
# Likeness (Dice, 0 to 1) from which two spellings count as one street or one Latin name.
_STREET_LIKE, _NAME_LIKE, _NAME_PART_LIKE = 0.6, 0.75, 0.4

# Level 1 of GB 2312 lists its 3,755 characters by how they are read, so that homophones stand
# together. Characters of level 2 stand by their radicals: the far-apart places given to those
# not in level 1 make them sound like none but themselves.
_SOUND_NEAR = 12


def _sounds() -> NDArray[np.int32]:
    places = np.arange(0x10000, dtype=np.int32) * 100 + 10_000
    listed = bytes(
        byte for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF) for byte in (high, low)
    )
    for place, char in enumerate(listed.decode("gb2312", "ignore")):
        places[ord(char)] = place
    return places


_SOUND = _sounds()


@dataclass(frozen=True)
class Compared:
    """``levels`` and ``rarity`` by field, one entry a pair.

    Rarity is the logarithm of how often the value that two agree on occurs, over its mean; 0 where
    a level has no value of its own.
    """

    levels: dict[str, Levels]
    rarity: dict[str, NDArray[np.float32]]

    def take(self, at: Ints) -> Compared:
        """The pairs at these places."""
        return Compared(
            {field: level[at] for field, level in self.levels.items()},
            {field: rarity[at] for field, rarity in self.rarity.items()},
        )


def compared(f: Features, a: Ints, b: Ints, frequencies: Frequencies) -> Compared:
    """Rows ``a`` against rows ``b`` of ``f``."""
    levels = {
        "name": name_levels(f.name, a, b),
        "phone": phone_levels(f.phone, a, b),
        "place": place_levels(f.place, a, b),
        "email": _same_or_not(f.email, a, b),
        "nick": _same_or_not(f.nick, a, b),
        "birthday": birthday_levels(f.birthday, a, b),
    }
    rarity = {field: frequencies.of(field, levels[field], a) for field in levels}
    return Compared(levels, rarity)


def name_levels(n: Names, a: Ints, b: Ints) -> Levels:
    """How far names agree.

    0 unknown; both whole: 1 same, 2 near (sounds alike, or spelled alike), 3 in part, 4 surname
    same, 5 different; one masked or with a title: 6 surname same, 7 different; a pet name: 8 within
    the name, 9 not.
    """
    kind_a, kind_b = n.kind[a], n.kind[b]
    level = np.zeros(a.size, dtype=np.int8)
    surname_same = (n.surname[a] == n.surname[b]) & (n.surname[a] >= 0)

    at = np.flatnonzero((kind_a == HAN) & (kind_b == HAN))
    level[at] = _han_levels(n, a[at], b[at], surname_same[at])

    at = np.flatnonzero((kind_a == OTHER) & (kind_b == OTHER))
    like = likeness(n.bits, a[at], b[at])
    level[at] = np.where(like >= _NAME_LIKE, 2, np.where(like >= _NAME_PART_LIKE, 3, 5))
    level[(n.code[a] == n.code[b]) & (n.code[a] >= 0)] = 1

    shown = ((kind_a == MASKED) & ((kind_b == HAN) | (kind_b == MASKED))) | (
        (kind_b == MASKED) & (kind_a == HAN)
    )
    level[shown] = np.where(surname_same[shown], 6, 7)

    for pet, other in ((a, b), (b, a)):
        at = np.flatnonzero((n.kind[pet] == PET) & (n.kind[other] == HAN))
        within = (n.points[other[at]] == n.hint[pet[at]][:, None]).any(axis=1)
        level[at] = np.where(within, 8, 9)
    at = np.flatnonzero((kind_a == PET) & (kind_b == PET))
    level[at] = np.where(n.hint[a[at]] == n.hint[b[at]], 8, 9)
    return level


def _han_levels(n: Names, a: Ints, b: Ints, surname_same: NDArray[np.bool_]) -> Levels:
    x, y = n.points[a], n.points[b]
    length = n.length[a]
    other = x != y
    one_off = (length == n.length[b]) & (other.sum(axis=1) == 1)
    sound = np.abs(_SOUND[np.minimum(x, 0xFFFF)] - _SOUND[np.minimum(y, 0xFFFF)]) <= _SOUND_NEAR
    near = one_off & (sound | ~other).all(axis=1)
    part = one_off & surname_same & (length >= 3)
    return np.where(near, 2, np.where(part, 3, np.where(surname_same, 4, 5))).astype(np.int8)


def phone_levels(p: Phones, a: Ints, b: Ints) -> Levels:
    """How far phones agree.

    0 unknown; both whole: 1 same, 2 a slip apart, 3 different; beginning and end shown: 4 same,
    5 different; the end alone: 6 same, 7 different.
    """
    whole = (p.whole[a] >= 0) & (p.whole[b] >= 0)
    tails = (p.tail[a] >= 0) & (p.tail[b] >= 0)
    prefixes = tails & (p.prefix[a] >= 0) & (p.prefix[b] >= 0)
    tail_same = p.tail[a] == p.tail[b]
    level = np.where(tails, np.where(tail_same, 6, 7), 0).astype(np.int8)
    shown_same = tail_same & (p.prefix[a] == p.prefix[b])
    level[prefixes] = np.where(shown_same, 4, 5)[prefixes]
    at = np.flatnonzero(whole)
    first, second = p.whole[a[at]], p.whole[b[at]]
    level[at] = np.where(first == second, 1, np.where(_slip(first, second), 2, 3))
    return level


def place_levels(p: Places, a: Ints, b: Ints) -> Levels:
    """How far places agree.

    0 unknown; both addresses written: 1 same door, 2 same street and a number, 3 same street,
    4 same district, 5 same city, 6 same province, 7 elsewhere; both districts known: 8 same, 9 same
    city, 10 same province, 11 elsewhere; else 12 same city, 13 same province, 14 elsewhere.
    """

    def known(codes: Ints) -> NDArray[np.bool_]:
        return (codes[a] >= 0) & (codes[b] >= 0)

    def same(codes: Ints) -> NDArray[np.bool_]:
        equal: NDArray[np.bool_] = codes[a] == codes[b]
        return equal

    # 0 same city, 1 same province, 2 elsewhere, -1 unknown.
    province = np.where(known(p.province) & ~same(p.province), 2, 1)
    region = np.where(known(p.city), np.where(same(p.city) & (province == 1), 0, province), -1)
    region[~known(p.city) & (province == 2)] = 2
    districts = known(p.district)
    same_district = districts & same(p.district) & (region == 0)
    step = np.where(region < 0, -1, np.where(same_district, 0, region + 1))
    level = np.where(region >= 0, 12 + region, 0)
    level = np.where(districts & (step >= 0), 8 + step, level)
    both = p.written[a] & p.written[b]
    level = np.where(both, np.where(step >= 0, 4 + step, 0), level)
    at = np.flatnonzero(both & (region < 2))
    alike = _address_levels(p, a[at], b[at])
    level[at] = np.where(alike > 0, alike, level[at])
    return level.astype(np.int8)


def _address_levels(p: Places, a: Ints, b: Ints) -> Levels:
    """1 same door, 2 same street and a number, 3 same street, 0 unlike."""
    street = likeness(p.bits, a, b) >= _STREET_LIKE
    common = p.numbers[a] & p.numbers[b]
    shared = np.bitwise_count(common)
    subset = (common == p.numbers[a]) | (common == p.numbers[b])
    last_same = (p.last[a] == p.last[b]) & (p.last[a] >= 0)
    door = street & subset & last_same
    # The street may be left out where the compound is named, and the other way round.
    door |= (shared >= 3) & last_same & (p.before[a] == p.before[b])
    near = np.where(shared >= 1, 2, 3)
    return np.where(door, 1, np.where(street, near, 0)).astype(np.int8)


def birthday_levels(birthday: Ints, a: Ints, b: Ints) -> Levels:
    """How far birthdays agree: 0 unknown, 1 same, 2 a slip or day and month exchanged, 3 not."""
    known = (birthday[a] >= 0) & (birthday[b] >= 0)
    at = np.flatnonzero(known)
    first, second = birthday[a[at]], birthday[b[at]]
    turned = first // 10_000 * 10_000 + first % 100 * 100 + first // 100 % 100
    near = _slip(first, second) | (turned == second)
    level = np.zeros(a.size, dtype=np.int8)
    level[at] = np.where(first == second, 1, np.where(near, 2, 3))
    return level


def _same_or_not(codes: Ints, a: Ints, b: Ints) -> Levels:
    known = (codes[a] >= 0) & (codes[b] >= 0)
    return np.where(known, np.where(codes[a] == codes[b], 1, 2), 0).astype(np.int8)


def _slip(first: Ints, second: Ints) -> NDArray[np.bool_]:
    """One digit differs, or two neighbours changed places: 5 and 45 times a power of ten do.

    >>> _slip(np.array([13800138000, 13800138000]), np.array([13800138900, 13811138000])).tolist()
    [True, False]
    """
    gap = np.abs(first - second)
    found = np.zeros(gap.size, dtype=bool)
    for _ in range(15):
        found |= (gap > 0) & ((gap < 10) | ((gap % 9 == 0) & (gap < 90)))
        gap = np.where((gap > 0) & (gap % 10 == 0), gap // 10, 0)
    return found


class Frequencies:
    """How common the values are that pairs agree on: a rare shared name tells more."""

    def __init__(self, f: Features) -> None:
        name, surname = _share(f.name.code), _share(f.name.surname)
        city, district = _share(f.place.city), _share(f.place.district)
        self._tables: dict[str, dict[int, NDArray[np.float32]]] = {
            "name": {1: name, 2: surname, 3: surname, 4: surname, 6: surname},
            "place": {4: district, 5: city, 8: district, 9: city, 12: city},
            "phone": {
                4: _crowding(keys(f.phone.prefix, f.phone.tail), SHOWN_SHARE),
                6: _crowding(f.phone.tail, TAIL_SHARE),
            },
            "email": {1: _share(f.email)},
            "nick": {1: _share(f.nick)},
            "birthday": {1: _share(f.birthday)},
        }

    def of(self, field: str, level: Levels, a: Ints) -> NDArray[np.float32]:
        """The rarity (natural logarithm) of what each pair agrees on."""
        rarity = np.zeros(level.size, dtype=np.float32)
        for wanted, table in self._tables[field].items():
            at = np.flatnonzero(level == wanted)
            rarity[at] = table[a[at]]
        return rarity


def _crowding(codes: Ints, expected: float) -> NDArray[np.float32]:
    """Per row: the log of how much commoner its value is than ``expected``, if it is.

    One person's accounts are not a crowd: as many as a strong key may be on do not count.
    """
    known = codes >= 0
    _, where, counts = np.unique(codes[known], return_inverse=True, return_counts=True)
    crowding = np.zeros(codes.size, dtype=np.float32)
    if counts.size:
        share = np.maximum(counts - MEMBERS_OF_A_VALUE_MAX, 0) / counts.sum()
        crowding[known] = np.log(np.maximum(share / expected, 1.0))[where]
    return crowding


def _share(codes: Ints) -> NDArray[np.float32]:
    """Per row: the log of the value's share, over the mean share of a value that two agree on."""
    known = codes >= 0
    _, where, counts = np.unique(codes[known], return_inverse=True, return_counts=True)
    rarity = np.zeros(codes.size, dtype=np.float32)
    if counts.size:
        share = counts / counts.sum()
        rarity[known] = np.log(share / (share**2).sum())[where]
    return rarity
