"""Makes docs/images/fetch.svg: the live panel in the middle of `clipset demo`, and the summary at its end.

.venv/bin/python scripts/picture.py
"""

import contextlib
import io
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from clipset.cli import fetch as command
from clipset.cli import summary
from clipset.cli.demo import demo
from clipset.cli.options import RunOptions
from clipset.progress.panel import LivePanel

TARGET = Path(__file__).parents[1] / "docs" / "images" / "fetch.svg"
SHOWN_AT_DONE = 9


class PhotographedPanel(LivePanel):
    """Keeps what it showed when enough clips were done to be worth a picture."""

    picture = None

    def tick(self, *shown) -> None:
        super().tick(*shown)
        if self._tally.done <= SHOWN_AT_DONE:
            type(self).picture = self._live.get_renderable()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def main() -> None:
    recorder = Console(record=True, width=118, file=io.StringIO(), highlight=False)
    command.LivePanel = PhotographedPanel
    summary.Console = lambda **_: recorder
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), contextlib.redirect_stderr(Terminal()):
        recorder.print("$ clipset demo\n")
        demo(Path("demo"), RunOptions())
    said = recorder.export_text(clear=False)
    later = Console(record=True, width=118, file=io.StringIO(), highlight=False)
    later.print("$ clipset demo\n")
    later.print(PhotographedPanel.picture)
    later.print("\n… and at the end:\n")
    later.print(said.partition("$ clipset demo\n")[2].strip())
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    later.save_svg(str(TARGET), title="clipset")


if __name__ == "__main__":
    sys.exit(main())
