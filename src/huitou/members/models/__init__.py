"""The tables of the room, one module per noun."""

from huitou.members.models.attribute import (
    AttributeDefinition,
    AttributeKind,
    AttributeValue,
    ValueSource,
)
from huitou.members.models.consent import (
    AddressKind,
    Channel,
    ConsentEntry,
    ConsentSource,
    Decision,
    Purpose,
    Suppression,
    SuppressionReason,
)
from huitou.members.models.edge import (
    DECIDED,
    IdentityEdge,
    Verdict,
)
from huitou.members.models.identity import (
    CONTACT_KINDS,
    IDENTITY_KINDS,
    NAMED_PHONE,
    PLATFORM_KINDS,
    SIGHTING_KINDS,
    Identity,
)
from huitou.members.models.member import (
    PHONE_TAIL_DIGITS,
    Gender,
    Member,
    phone_tail,
)
from huitou.members.models.overused import (
    OverusedKey,
)
from huitou.members.models.policy import (
    IdentityPolicy,
)
from huitou.members.models.review import (
    Conflict,
    ReviewState,
    Suggestion,
)
from huitou.members.models.tag import (
    Tag,
    TagAssignment,
    TagChange,
    TagGroup,
    TagSource,
    TagVerb,
)
from huitou.members.models.touchpoint import (
    Direction,
    Touch,
    Touchpoint,
    TouchpointKind,
)

__all__ = [
    "CONTACT_KINDS",
    "DECIDED",
    "IDENTITY_KINDS",
    "NAMED_PHONE",
    "PHONE_TAIL_DIGITS",
    "PLATFORM_KINDS",
    "SIGHTING_KINDS",
    "AddressKind",
    "AttributeDefinition",
    "AttributeKind",
    "AttributeValue",
    "Channel",
    "Conflict",
    "ConsentEntry",
    "ConsentSource",
    "Decision",
    "Direction",
    "Gender",
    "Identity",
    "IdentityEdge",
    "IdentityPolicy",
    "Member",
    "OverusedKey",
    "Purpose",
    "ReviewState",
    "Suggestion",
    "Suppression",
    "SuppressionReason",
    "Tag",
    "TagAssignment",
    "TagChange",
    "TagGroup",
    "TagSource",
    "TagVerb",
    "Touch",
    "Touchpoint",
    "TouchpointKind",
    "ValueSource",
    "Verdict",
    "phone_tail",
]
