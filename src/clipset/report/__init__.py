"""What became of a dataset, as one page with figures and tables: from a ledger, or from the files of older downloaders.

Findings are plain rows (`findings`), gathered by `from_ledger` or `from_logs`; `sections` make texts, charts and tables
of them, `writing` the files.
"""

from clipset.report.findings import Findings
from clipset.report.section import Section
from clipset.report.sections import sections

__all__ = ["Findings", "Section", "sections"]
