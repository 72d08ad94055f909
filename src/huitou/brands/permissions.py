"""Which role may do what: the one table that pages, menus and the API consult."""

from __future__ import annotations

from huitou.brands.models.staff import Role

_O, _P, _A, _G, _F, _D = (
    Role.OWNER,
    Role.OPERATOR,
    Role.ANALYST,
    Role.AGENT,
    Role.FINANCE,
    Role.DEVELOPER,
)

# One line per permission; superusers have them all.
PERMISSIONS: dict[str, frozenset[Role]] = {
    "dashboard.view": frozenset({_O, _P, _A, _G, _F, _D}),
    "members.view": frozenset({_O, _P, _A, _G}),
    "members.unmask": frozenset({_O, _G}),
    "members.merge": frozenset({_O, _P, _G}),
    "members.policy": frozenset({_O}),
    "members.export": frozenset({_O, _P, _A, _G}),
    "profile.edit": frozenset({_O, _P, _G}),
    # Which attributes, tags and touchpoints the brand keeps at all.
    "profile.define": frozenset({_O, _P}),
    "consent.edit": frozenset({_O, _P, _G}),
    "erasure.request": frozenset({_O, _G}),
    # Files and refused rows hold everything a platform exported, unmasked.
    "imports.manage": frozenset({_O, _P, _D}),
    # Audiences by rule, over the whole brand: look at them, and make or change them.
    "segments.view": frozenset({_O, _P, _A, _G}),
    "segments.edit": frozenset({_O, _P}),
    "api_keys.manage": frozenset({_O, _D}),
    "webhooks.manage": frozenset({_O, _D}),
    "staff.manage": frozenset({_O}),
    "audit.view": frozenset({_O}),
    # The map of personal data, and one person's export and erasure.
    "privacy.manage": frozenset({_O}),
}

# These reach the whole brand, so a role limited to shops never carries them.
BRAND_WIDE = frozenset(
    {
        "members.merge",
        "members.policy",
        "profile.define",
        "segments.view",
        "segments.edit",
        "erasure.request",
        "api_keys.manage",
        "webhooks.manage",
        "staff.manage",
        "audit.view",
        "privacy.manage",
    }
)


def roles_with(permission: str) -> frozenset[Role]:
    """The roles that have ``permission``; an unknown name is a ``KeyError``.

    >>> sorted(roles_with("api_keys.manage"))
    [Role.DEVELOPER, Role.OWNER]
    """
    return PERMISSIONS[permission]
