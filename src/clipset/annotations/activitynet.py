"""ActivityNet's JSON and its kin: {v_ID: {annotations: [{segment, label}], …}}, also under a key `database` (HACS).

Several segments a video, times as floats, no segment for test videos. A segment of no length is a bad row.
"""

import re
from collections.abc import Iterator
from typing import TextIO

from clipset.annotations import kinetics_json
from clipset.annotations.json_stream import members
from clipset.annotations.reader import Tally
from clipset.types import VIDEO_ID, Annotation, BadRow

_PREFIX = "v_"
_DATABASE = "database"
_HAS_PREFIX = re.compile(r'\s*\{\s*"v_[A-Za-z0-9_-]{11}"\s*:\s*\{', re.ASCII)
_HAS_DATABASE = re.compile(r'\s*\{\s*"(?:database|taxonomy|version)"\s*:')


def sniff(head: str) -> bool:
    return _HAS_PREFIX.match(head) is not None or _HAS_DATABASE.match(head) is not None


def read(text: TextIO, tally: Tally) -> Iterator[Annotation | BadRow]:  # noqa: ARG001 - JSON repeats no header
    """Yield every segment. Rows have no line; the message of a bad one names its key."""
    head = text.read(1024)
    text.seek(0)
    for key, entry in members(text, _DATABASE if _HAS_DATABASE.match(head) else None):
        bare = key.removeprefix(_PREFIX)
        yield from kinetics_json.rows(bare if VIDEO_ID.fullmatch(bare) else key, entry)
