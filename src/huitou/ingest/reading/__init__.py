"""Reading turns a file into records: strictly, in flat memory, refusing rows one by one.

``open_source`` tells what a file is, ``detect`` finds its format by its header,
``format_from_mapping`` takes an operator's own, and ``read_chunks`` yields the records.
"""

from huitou.ingest.reading.chunks import read_chunks
from huitou.ingest.reading.formats import (
    Format,
    detect,
    format_from_mapping,
    format_named,
    known_formats,
)
from huitou.ingest.reading.opening import open_source
from huitou.ingest.reading.proposal import Guess, Proposal, propose_mapping
from huitou.ingest.reading.source import Source

__all__ = [
    "Format",
    "Guess",
    "Proposal",
    "Source",
    "detect",
    "format_from_mapping",
    "format_named",
    "known_formats",
    "open_source",
    "propose_mapping",
    "read_chunks",
]
