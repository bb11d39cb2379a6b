"""`clipset demo`: the main job against the built-in offline YouTube."""

import tempfile
from pathlib import Path

from clipset.cli.fetch import Order, fetch
from clipset.cli.options import ReachOptions, RunOptions
from clipset.cli.outcome import Exit, say
from clipset.rehearsal import Rehearsal
from clipset.rehearsal.demo import demo_rows, demo_scenario


def demo(out: Path, running: RunOptions) -> Exit:
    """Exit status as fetch's. The server, its media and the list are temporary, the dataset stays."""
    rows = demo_rows()
    say(f"An offline YouTube on this machine stands in for the real one; {rows.count(chr(10)) - 1} rows to fetch.")
    with tempfile.TemporaryDirectory(prefix="clipset-demo-") as folder, Rehearsal(demo_scenario()) as youtube:
        annotations = Path(folder) / "demo.csv"
        annotations.write_text(rows, encoding="utf-8")
        reach = ReachOptions(rate="unlimited", youtube_origin=youtube.origin)
        status = fetch(Order((annotations,), out, reach=reach, running=running))
    say(f"The clips are in {running.clips_to or out}/; next: clipset fetch YOUR_LIST.csv --out DIR")
    return status
