"""Customer lifetime value: two published models over numpy arrays, with no database in sight.

``purchases`` says how often a customer will buy and whether they still do (BG/NBD), ``spend`` how
much each time (Gamma-Gamma), ``values`` puts the two together. What they mean and where they end
stands in ``docs/explanation/value.md``.
"""
