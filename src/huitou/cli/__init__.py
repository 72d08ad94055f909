"""The command line: the same services the console uses, for terminals and scripts.

Exit codes: 0 done, 2 refused input, 1 failure. With ``--json`` standard output carries exactly one
JSON object; everything for people goes to standard error. Each module of this folder adds its
commands in ``register(root)``.
"""

from huitou.cli.entry import main

__all__ = ["main"]
