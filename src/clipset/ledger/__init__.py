"""What a dataset wants, what became of it, and every try: kept in SQLite, written by one process, read by any."""

from clipset.ledger.ahead import Ahead
from clipset.ledger.errors import (
    LedgerCorrupt,
    LedgerError,
    LedgerHeld,
    LedgerIntact,
    LedgerMissing,
    LedgerVersion,
)
from clipset.ledger.ledger import Ledger
from clipset.ledger.reader import LedgerReader
from clipset.ledger.rebuilding import Rebuilding
from clipset.ledger.rows import EgressRow, Folder, PlanHeader, PlanSummary, Totals
from clipset.ledger.settle import Retry
from clipset.ledger.status import Status

__all__ = [
    "Ahead",
    "EgressRow",
    "Folder",
    "Ledger",
    "LedgerCorrupt",
    "LedgerError",
    "LedgerHeld",
    "LedgerIntact",
    "LedgerMissing",
    "LedgerReader",
    "LedgerVersion",
    "PlanHeader",
    "PlanSummary",
    "Rebuilding",
    "Retry",
    "Status",
    "Totals",
]
