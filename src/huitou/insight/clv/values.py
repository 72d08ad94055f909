"""Both models together: fitted on collapsed histories, or a plain reason why not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from huitou.insight.clv import purchases, spend
from huitou.insight.clv.newton import Floats
from huitou.insight.clv.purchases import Histories, Ints, PurchaseModel
from huitou.insight.clv.spend import Spending, SpendModel

# Four parameters from fewer customers who came back would be guesses.
REPEATERS_MIN = 50
# The value of a customer is that of the coming twelve months.
HORIZON_DAYS = 365
HORIZON_MONTHS = 12
# Money a month later is worth this much less: 1 % a month, 12.7 % a year.
MONTHLY_DISCOUNT = 0.01

FEW_REPEATERS = "few_repeaters"
NO_PURCHASE_MODEL = "no_purchase_model"
NO_SPEND_MODEL = "no_spend_model"


@dataclass(frozen=True)
class ValueModel:
    """The fitted models. Without ``purchases`` nothing can be said, and ``reason`` says why.

    ``reason`` is ``few_repeaters``, ``no_purchase_model`` (the likelihood has no maximum: all buy
    alike, or nobody leaves), ``no_spend_model`` (likewise for what they spend; purchases can still
    be foretold), or empty.
    """

    purchases: PurchaseModel | None
    spend: SpendModel | None
    reason: str


@dataclass(frozen=True)
class Outlook:
    """For each history: the chance to be alive, and purchases to come over the horizon.

    ``discounted`` are the same purchases, each worth less by the months until then.
    """

    alive: Floats
    purchases: Floats
    discounted: Floats


def fitted(histories: Histories, spending: Spending) -> ValueModel:
    """The models of these customers. Whoever spent nothing at all is left out of ``spend``."""
    again = histories.repeats > 0
    if float(histories.customers[again].sum()) < REPEATERS_MIN:
        return ValueModel(None, None, FEW_REPEATERS)
    buying = purchases.fit(histories)
    if buying is None:
        return ValueModel(None, None, NO_PURCHASE_MODEL)
    paid = spending.total > 0
    paying = Spending(spending.repeats[paid], spending.total[paid], spending.customers[paid])
    spent = spend.fit(paying)
    return ValueModel(buying, spent, "" if spent else NO_SPEND_MODEL)


def outlook(model: PurchaseModel, histories: Histories) -> Outlook:
    """What each history promises for the coming year; ages and recencies are in days."""
    alive = purchases.probability_alive(model, histories)
    # What is ahead of a living customer does not depend on their last purchase.
    pairs, place = _distinct(histories.repeats, histories.age)
    earlier = np.zeros(len(pairs[0]))
    discounted = np.zeros(len(pairs[0]))
    for month in range(1, HORIZON_MONTHS + 1):
        until = purchases.purchases_if_alive(model, *pairs, HORIZON_DAYS * month / HORIZON_MONTHS)
        discounted += (until - earlier) / (1 + MONTHLY_DISCOUNT) ** month
        earlier = until
    return Outlook(alive, alive * earlier[place], alive * discounted[place])


def expected_by(model: PurchaseModel, histories: Histories, days: float) -> Floats:
    """Purchases each history promises within ``days``."""
    pairs, place = _distinct(histories.repeats, histories.age)
    ahead = purchases.purchases_if_alive(model, *pairs, days)
    return purchases.probability_alive(model, histories) * ahead[place]


def _distinct(repeats: Ints, age: Floats) -> tuple[tuple[Ints, Floats], Ints]:
    """The distinct (repeats, age), and which of them each row is."""
    ages, age_place = np.unique(age, return_inverse=True)
    _, first, place = np.unique(
        repeats * len(ages) + age_place, return_index=True, return_inverse=True
    )
    return (repeats[first], age[first]), place
