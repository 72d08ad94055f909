"""Word lists for the households of the demo brand, whose data holds no names or places."""

from __future__ import annotations

FIRST_NAMES = (
    "Amelia", "Aaron", "Beatrice", "Caleb", "Carmen", "Chloe", "Daniel", "Diana", "Elena", "Ethan",
    "Felix", "Fiona", "Gabriel", "Grace", "Hannah", "Hugo", "Iris", "Isaac", "Jasmine", "Joel",
    "Julia", "Kevin", "Laura", "Leo", "Lucy", "Marcus", "Maya", "Miles", "Naomi", "Nora", "Oscar",
    "Paula", "Peter", "Quinn", "Rachel", "Ray", "Rosa", "Ruth", "Samuel", "Sofia", "Stella",
    "Theo", "Tina", "Uma", "Victor", "Vera", "Wesley", "Wendy", "Yvonne", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Abbott", "Alvarez", "Barnes", "Becker", "Bishop", "Brooks", "Burke", "Castillo", "Chang",
    "Chavez", "Coleman", "Cooper", "Cruz", "Dalton", "Dixon", "Ellis", "Ferguson", "Fisher",
    "Flynn", "Foster", "Garner", "Gibson", "Graham", "Greene", "Hale", "Harper", "Hayes",
    "Hoffman", "Holt", "Hudson", "Ingram", "Jennings", "Keller", "Kim", "Lambert", "Lawson",
    "Lowe", "Marsh", "Mendez", "Meyer", "Morales", "Nash", "Norris", "Ortega", "Osborne", "Page",
    "Patel", "Pierce", "Quigley", "Ramsey", "Reyes", "Rhodes", "Santos", "Sharp", "Stone",
    "Sutton", "Tran", "Vargas", "Wade", "Walsh", "Webb", "Yates", "Young", "Zimmer",
)  # fmt: skip
# State, city and the share of households.
PLACES = (
    ("Ohio", "Cincinnati", 22), ("Ohio", "Columbus", 12), ("Ohio", "Dayton", 8),
    ("Ohio", "Toledo", 4), ("Kentucky", "Louisville", 9), ("Kentucky", "Lexington", 6),
    ("Kentucky", "Covington", 4), ("Indiana", "Indianapolis", 9), ("Indiana", "Fort Wayne", 4),
    ("Michigan", "Detroit", 5), ("Michigan", "Lansing", 3), ("Tennessee", "Nashville", 5),
    ("Tennessee", "Knoxville", 2), ("Georgia", "Atlanta", 4), ("Illinois", "Peoria", 1.5),
    ("West Virginia", "Huntington", 1.5),
)  # fmt: skip
