"""Homes of generated customers, and the many ways in which people write an address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from huitou.demo import people_words as words
from huitou.demo.draws import weighted
from huitou.demo.words_zh import PLACES

Ints = NDArray[np.int64]
Texts = NDArray[np.object_]
Flags = NDArray[np.bool_]

OTHER_CITY = 0.40  # households that move to another city, of those that move
IN_DORMITORY = 0.06
AGENTS = 20
HOME, LOCKER, FORWARDED = range(3)  # where a parcel goes
LOCKERS_OF_DISTRICT = 3
DORMITORIES_OF_CITY = 4


def texts(values: Sequence[str]) -> Texts:
    """An array of texts that add up element by element."""
    return np.array(list(values), dtype=object)


def digits(values: Ints) -> Texts:
    """Numbers as written."""
    return values.astype(str).astype(object)


def _counted(values: Ints) -> Texts:
    return texts(words.COUNTED)[values % 10]


@dataclass(frozen=True)
class Places:
    """Where parcels of each account go, in parts."""

    province: Texts
    city: Texts
    district: Texts
    street: Texts
    number: Ints
    compound: Texts
    building: Ints
    unit: Ints
    room: Ints
    dormitory: Ints  # 0: a home of one's own
    locker: Ints

    def spelled(self, rng: np.random.Generator, public: Ints) -> Texts:
        """Each address as somebody might write it; ``public`` says HOME, LOCKER or FORWARDED."""
        size = self.city.size

        def often(share: float) -> Flags:
            return rng.random(size) < share

        def some(share: float, values: Texts) -> Texts:
            return np.where(often(share), values, "").astype(object)

        number = digits(self.number)
        building = np.where(often(0.08) & (self.building < 10), _counted(self.building),
                            digits(self.building))  # fmt: skip
        block = building + texts(("栋", "幢", "号楼", "#", "-"))[rng.integers(0, 5, size)]
        unit = some(0.7, digits(self.unit) + texts(("单元", "-"))[rng.integers(0, 2, size)])
        room = digits(self.room) + some(0.6, texts(["室"] * size))
        head = some(0.5, self.province + self.city) + some(0.7, self.district)
        street = some(0.9, self.street + number + texts(("号", ""))[rng.integers(0, 2, size)])
        compound = np.where((street == "") | often(0.8), self.compound, "").astype(object)
        blank = some(0.15, texts([" "] * size))
        home = head + blank + street + compound + blank + block + unit + room
        lodging = head + self.street + "学院" + digits(self.dormitory) + "号宿舍" + some(0.5, room)
        home = np.where(self.dormitory > 0, lodging, home)
        kind = texts(("菜鸟驿站", "丰巢快递柜", "快递代收点"))[self.locker % 3]
        locker = self.district + self.street + digits(self.locker) + "号" + kind
        agent = texts([f"华南集运仓{n + 1}号库" for n in range(AGENTS)])
        return np.choose(public, [home, locker, agent[rng.integers(0, AGENTS, size)]])


class Homes:
    """Two homes of every household: before and after it moved."""

    def __init__(self, rng: np.random.Generator, households: int) -> None:
        size = 2 * households
        city = weighted(rng.random(size), [weight for *_, weight in PLACES])
        stays = rng.random(households) >= OTHER_CITY
        city[households:] = np.where(stays, city[:households], city[households:])
        self.households, self.city = households, city
        self.district = rng.integers(0, 8, size)
        self.street, self.number = rng.integers(0, 320, size), rng.integers(1, 400, size)
        self.compound = rng.integers(0, 400, size)
        self.building, self.unit = rng.integers(1, 25, size), rng.integers(1, 5, size)
        self.room = rng.integers(1, 31, size) * 100 + rng.integers(1, 5, size)
        lodges = rng.random(size) < IN_DORMITORY
        self.dormitory = np.where(lodges, rng.integers(1, DORMITORIES_OF_CITY + 1, size), 0)
        # A dormitory stands in one street; its rooms hold several people.
        self.street = np.where(lodges, (city * 7) % 320, self.street)
        self.district = np.where(lodges, city % 8, self.district)
        self.room = np.where(lodges, self.room % 600 + 100, self.room)
        self.locker = rng.integers(1, LOCKERS_OF_DISTRICT + 1, size)

    def places(self, household: Ints, moved: Flags) -> Places:
        """The home of each ``household``, the later one where it ``moved``."""
        at = household + np.where(moved, self.households, 0)
        city = self.city[at]
        heads, tails = texts(words.PLACE_HEADS), texts(words.STREET_TAILS)
        compound = self.compound[at]
        districts = texts(
            [
                words.DISTRICT_HEADS[(n * 3 + m) % 10] + words.DISTRICT_TAILS[m] + "区"
                for n in range(len(PLACES))
                for m in range(8)
            ]
        )
        return Places(
            texts([place[0] for place in PLACES])[city],
            texts([place[1] for place in PLACES])[city],
            districts[city * 8 + self.district[at]],
            heads[self.street[at] // 8] + tails[self.street[at] % 8],
            self.number[at],
            heads[compound // 10] + texts(words.COMPOUND_TAILS)[compound % 10],
            self.building[at],
            self.unit[at],
            self.room[at],
            self.dormitory[at],
            self.locker[at],
        )
