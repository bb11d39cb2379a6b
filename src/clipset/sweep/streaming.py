"""One tar from its first byte to its last, or to the last clip that it can bring."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from clipset.ledger.missing import Missed, Missing
from clipset.progress_text import printable
from clipset.sources.mirror.cvdf import Tar
from clipset.sources.mirror.index import Listing
from clipset.sources.mirror.members import clip_from_id, clip_of, refusal
from clipset.sources.mirror.tar import Member, TarStream
from clipset.sources.mirror.unpacking import Unpacked
from clipset.sweep.keeping import keep
from clipset.sweep.worklist import Worklist
from clipset.types import Attempt, Cost, Failure, Outcome, Recipe, Sink, Stored, Trimmer
from clipset.web import Web, WebFile
