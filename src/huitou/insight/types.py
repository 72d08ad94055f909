"""The values insight hands out: plain, frozen, and free of any engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True)
class Scope:
    """Whose figures: a brand, or one of its shops."""

    brand_id: int
    shop_id: int | None = None


@dataclass(frozen=True)
class Freshness:
    """How old the figures are and how much they cover.

    ``members`` counts all members in scope, ``buyers`` those with a purchase, ``orders`` purchases.
    """

    as_of: date
    refreshed_at: datetime
    members: int
    buyers: int
    orders: int
    first_day: date | None
    last_day: date | None


@dataclass(frozen=True)
class Kpi:
    """One figure of a period with its comparisons; ``None`` where there is nothing to divide by.

    ``kind``: ``money`` (minor units), ``count``, ``ratio`` (0 to 1), ``number``. ``previous`` is
    the period of the same length just before, ``last_year`` the same dates a year earlier; both
    are ``None`` unless the whole of that period lies on or after the day of the first purchase.
    """

    code: str
    label_zh: str
    label_en: str
    kind: str
    value: float | int | None
    previous: float | int | None
    last_year: float | int | None
    spark: list[float | int | None]


@dataclass(frozen=True)
class Trend:
    """Sales by day: ``last_year_minor[i]`` is the same date a year before ``days[i]``."""

    days: list[date]
    current_minor: list[int]
    last_year_minor: list[int | None]


@dataclass(frozen=True)
class RfmRule:
    """How RFM draws its lines.

    ``threshold``: ``mean``, ``median``, ``qNN`` (the NN % quantile, interpolated) or three fixed
    numbers ``R,F,M``. ``amount``: ``total`` or ``average`` per purchase. ``window_days``: only
    purchases of that many days up to and including the as-of date; ``None`` is all history.
    """

    threshold: str = "mean"
    amount: str = "total"
    window_days: int | None = None


@dataclass(frozen=True)
class RfmThresholds:
    """The lines drawn; ``None`` when nobody has bought."""

    recency_days: float | None
    frequency: float | None
    monetary_minor: float | None


@dataclass(frozen=True)
class RfmGroup:
    """One of the eight groups."""

    code: str
    label_zh: str
    label_en: str
    advice_zh: str
    advice_en: str
    members: int
    sales_minor: int
    orders: int


@dataclass(frozen=True)
class RfmSummary:
    """RFM as of a date; all eight groups are present, in their fixed order."""

    as_of: date
    thresholds: RfmThresholds
    groups: list[RfmGroup]


@dataclass(frozen=True)
class Band:
    """A range of whole numbers, both ends included; ``high`` ``None`` is open."""

    low: int
    high: int | None


@dataclass(frozen=True)
class Matrix:
    """Members by recency (rows) and frequency (columns): ``cells[row][column]``."""

    rows: list[Band]
    columns: list[Band]
    cells: list[list[int]]


@dataclass(frozen=True)
class FlowNode:
    """A stage before or now, with its members."""

    code: str
    label_zh: str
    label_en: str
    members: int


@dataclass(frozen=True)
class FlowLink:
    """Members who went from a stage ``source`` to a stage ``target``."""

    source: str
    target: str
    members: int


@dataclass(frozen=True)
class Flow:
    """How members moved between life-cycle stages from ``before`` to ``as_of``."""

    before: date
    as_of: date
    sources: list[FlowNode]
    targets: list[FlowNode]
    links: list[FlowLink]


@dataclass(frozen=True)
class CohortRow:
    """Members by the month of their first purchase.

    ``rates[k]`` is the share of ``size`` with a purchase in the ``k``-th month after it. Only
    months that are over count.
    """

    month: str
    size: int
    rates: list[float]


@dataclass(frozen=True)
class RegionRow:
    """Purchases delivered to a province or city; ``share`` is of the sales of all rows.

    ``province`` is that of a city (maybe ""), or the name itself.
    """

    name: str
    buyers: int
    orders: int
    sales_minor: int
    share: float
    province: str = ""


@dataclass(frozen=True)
class CategoryCycle:
    """A category's purchase cycle, and on how many members who came back it rests."""

    category: str
    cycle_days: int
    members: int


@dataclass(frozen=True)
class CycleSummary:
    """Purchase cycles as of a date; ``basis`` counts members by where their cycle comes from."""

    as_of: date
    brand_cycle_days: int
    categories: list[CategoryCycle]
    basis: Mapping[str, int]


@dataclass(frozen=True)
class StageCount:
    """A life-cycle stage (or buyer type) with its members."""

    code: str
    label_zh: str
    label_en: str
    members: int


@dataclass(frozen=True)
class LifecycleSummary:
    """Life cycle as of a date; ``churn_rate`` is the share of buyers who are lost."""

    as_of: date
    stages: list[StageCount]
    buyer_types: list[StageCount]
    churn_rate: float | None
    flow: Flow


@dataclass(frozen=True)
class MonthEnd:
    """Buyers by life-cycle stage as of the last day of a month.

    ``churn_rate`` is the share of ``buyers`` who are lost. ``newly_lost`` were not a month before;
    ``won_back`` were, and bought within the month.
    """

    day: date
    buyers: int
    stages: list[StageCount]
    churn_rate: float | None
    newly_lost: int
    won_back: int


@dataclass(frozen=True)
class LifecycleMonths:
    """The life cycle month by month, oldest first; only months that are over and had buyers.

    Moves begin at ``before``: the end before the first month, or the first with buyers.
    """

    before: date
    months: list[MonthEnd]


@dataclass(frozen=True)
class CategoryDue:
    """A category a member buys: on how many days, and when it is due again.

    ``cycle_days`` is the member's own in the category, else the category's or the brand's. The
    warning line is crossed on ``warning_date`` and after.
    """

    category: str
    days: int
    last_day: date
    cycle_days: int
    next_date: date
    warning_date: date

    def state(self, as_of: date) -> str:
        """``resting`` before the next date, then ``due``, ``crossed`` from the warning line on."""
        if as_of < self.next_date:
            return "resting"
        return "due" if as_of < self.warning_date else "crossed"


@dataclass(frozen=True)
class MemberFilters:
    """Conditions on traits, all of which must hold.

    ``values``: trait → accepted values. ``ranges``: trait → (low, high), both included, either
    ``None``. ``buyers_only`` leaves out members without a purchase.
    """

    values: Mapping[str, tuple[str | bool, ...]] = field(default_factory=dict)
    ranges: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    buyers_only: bool = False


@dataclass(frozen=True)
class MemberRow:
    """A member with every trait (``None`` where it has no meaning)."""

    member_id: int
    traits: Mapping[str, Any]


@dataclass(frozen=True)
class MemberPage:
    """A page of members; the totals cover all that match, not only the page.

    ``orders`` counts their purchases, so sales divided by it is their average order value.
    """

    total: int
    sales_minor: int
    orders: int
    rows: list[MemberRow]
