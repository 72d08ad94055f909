"""How far they have come, also who never bought: 5A, AARRR, the customer journey."""

from __future__ import annotations

from huitou.insight import definitions
from huitou.insight.traits.declaration import Theme, Trait, column

THEME = Theme(
    "standing",
    "所处阶段",
    "Standing",
    (
        Trait(
            "stage_5a",
            "code",
            "5A 阶段",
            "5A stage",
            "认知：有过访问等行为；尝试：收藏、加购、咨询、付款或买过一次；采用：两个及以上购买日；"
            "拥护：采用且给过好评；抛弃：未购或已流失，且 90 天没有任何行为",
            "Aware: came by; attempt: a favourite, cart, consultation, payment step or one "
            "purchase; adopt: two purchase days or more; advocate: adopted and wrote a good "
            "review; abandon: not a buyer or lost, and nothing done for 90 days",
            column("stage_5a"),
            definitions.STAGES_5A,
            of_everyone=True,
        ),
        Trait(
            "aarrr_stage",
            "code",
            "AARRR 阶段",
            "AARRR stage",
            "按获取、激活、留存、变现、推荐的顺序，条件成立的最后一个阶段",
            "The last of acquisition, activation, retention, revenue and referral that holds",
            column("aarrr_stage"),
            definitions.AARRR_STAGES,
            of_everyone=True,
        ),
        Trait(
            "journey_stage",
            "code",
            "客户旅程",
            "Journey stage",
            "潜客：有行为未购买；粉丝：有收藏、加购、咨询等行为或三天以上来访，未购买；"
            "客户：买过且未流失；流失：超过五个购买周期未购买",
            "Potential: came by; fan: a favourite, cart or consultation, or came on three days, "
            "without buying; customer: bought and not lost; lost: five cycles without a purchase",
            column("journey_stage"),
            definitions.JOURNEY_STAGES,
            of_everyone=True,
        ),
    ),
)
