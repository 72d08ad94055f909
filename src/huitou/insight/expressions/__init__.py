"""The rules of insight as Ibis expressions: written once, compiled for an engine.

Each function takes relations (purchases, lake tables or earlier steps) and returns one.
``insight.plan`` names the steps and runs them in order. Import these modules only where an
expression is compiled: Ibis is slow to load. Divisions are cast to float first, because engines
differ on integers.
"""
