"""Demo gives two brands to look at, and data of any size for tests and benches.

``demo`` holds real baskets (The Complete Journey), ``qinghe`` generated ones, and both say so. It
writes through the services of members and commerce like any other source; no room knows it.
"""
