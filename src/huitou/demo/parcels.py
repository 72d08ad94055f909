"""How a drawn order was placed and for whom: the device, a note, and who received it.

Most members buy for themselves with one device; some give presents to a few friends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from huitou.demo.draws import below, picked, shares
from huitou.demo.generator import Drawn

DEVICES = ("", "APP", "PC")
NOTES = ("", "送人的，请放一张贺卡", "生日礼物，麻烦包装得好看些")
_GIVER_SHARE = 0.12
_GIVEN_SHARE = 0.5  # of a giver's orders
_NOTED_SHARE = 0.4  # of what is given
_FRIENDS = 4
_COMPUTER_SHARE = 0.15
_OTHER_DEVICE_SHARE = 0.1  # of a member's orders from the device that is not their usual one
_UNTOLD_SHARE = 0.05


@dataclass(frozen=True)
class Parcels:
    """One entry per order: ``friend`` is 0 for oneself, else which friend; places in the words."""

    friend: NDArray[np.int64]
    device: NDArray[np.int64]
    note: NDArray[np.int64]

    @property
    def devices(self) -> pa.Array:
        """The devices as a platform states them."""
        return picked(DEVICES, self.device)

    @property
    def notes(self) -> pa.Array:
        """What buyers wrote."""
        return picked(NOTES, self.note)


def parcels(drawn: Drawn, seed: int) -> Parcels:
    """The parcels of a chunk's orders."""
    order, member = drawn.order_id, drawn.members[drawn.buyer]
    gives = shares(member, seed, "giver") < _GIVER_SHARE
    given = gives & (shares(order, seed, "given") < _GIVEN_SHARE)
    noted = given & (shares(order, seed, "noted") < _NOTED_SHARE)
    usual = shares(member, seed, "device") < _COMPUTER_SHARE
    other = shares(order, seed, "other device") < _OTHER_DEVICE_SHARE
    told = shares(order, seed, "device told") >= _UNTOLD_SHARE
    return Parcels(
        friend=np.where(given, 1 + below(order, _FRIENDS, seed, "friend"), 0),
        device=np.where(told, np.where(usual ^ other, 2, 1), 0),
        note=np.where(noted, 1 + below(order, len(NOTES) - 1, seed, "note"), 0),
    )
