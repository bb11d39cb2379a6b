"""Prints docs/reference.md from the commands themselves; a test holds the file to it.

.venv/bin/python scripts/reference.py > docs/reference.md
"""

import sys

from clipset.cli.app import app
from clipset.reasons import rules


def reference() -> str:
    commands = app.generate_docs(output_format="markdown", heading_level=1)
    rows = "\n".join(f"| `{rule.reason}` | {rule.disposition} | {rule.explanation} |" for rule in rules())
    return (
        f"{commands.rstrip()}\n\n## Reasons\n\nWhy a clip is not there, as `failed.csv` and `status --json` say it.\n\n"
        f"| reason | disposition | what it means |\n|---|---|---|\n{rows}\n"
    )


if __name__ == "__main__":
    sys.stdout.write(reference())
