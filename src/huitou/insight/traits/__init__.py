"""Every trait of a member, declared once, by theme.

A trait's expression is built from one row per buyer of the ``profile`` relation (see
``insight.expressions``); the name, kind, labels and explanation feed the member page, the filters,
the exports, segment rules and the documentation. A member without a purchase has null traits.
"""

from huitou.insight.traits import habits, persons, purchases, rfm, rhythm, standing, tastes, value
from huitou.insight.traits.declaration import Theme, Trait

__all__ = ["BY_NAME", "THEMES", "TRAITS", "Theme", "Trait"]

# As they stand on the member page and in exports. A theme more is a name more.
THEMES: tuple[Theme, ...] = (
    purchases.THEME,
    rfm.THEME,
    rhythm.THEME,
    tastes.THEME,
    habits.THEME,
    persons.THEME,
    value.THEME,
    standing.THEME,
)

TRAITS: list[Trait] = [trait for theme in THEMES for trait in theme.traits]
BY_NAME: dict[str, Trait] = {trait.name: trait for trait in TRAITS}
