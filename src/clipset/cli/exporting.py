"""`clipset frames` and `clipset sound`: what is made of the finished clips, beside the dataset."""

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Group, Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clipset.cli import places
from clipset.cli.options import MANY
from clipset.cli.outcome import Exit, complain
from clipset.cli.rebuild import checked_jobs, interruptible
from clipset.clock import SystemClock
from clipset.config import UserError
from clipset.existing.watching import Verdict
from clipset.export.export import Export, ExportReport
from clipset.export.kinds import Frames, Kind, Sound
from clipset.export.tree import taken
from clipset.ledger import Ledger
from clipset.media.export import MediaExporter
from clipset.media.forms import PictureForm, SoundForm
from clipset.plan import Selection, SelectionError
from clipset.progress.files import counts_text, file_watcher
from clipset.progress.text import human_bytes

_AAC_RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
_FAILED = (Verdict.DAMAGED, Verdict.UNREADABLE)
_SWITCH = Parameter(negative=(), show_env_var=False, show_default=False)


@Parameter(name="*", group=Group.create_ordered("Exporting"))
@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """Where to, of which clips."""

    out: Annotated[Path, Parameter(show_env_var=False)]
    """The directory to fill, apart from the dataset."""

    split: Annotated[tuple[str, ...], MANY] = ()
    """Only this split (repeatable); val, validate and validation mean the same."""

    class_: Annotated[tuple[str, ...], MANY, Parameter(name="--class")] = ()
    """Only clips with this label (repeatable)."""

    jobs: int | None = None
    """Clips in work at a time; derived from the machine when not given."""

    json: Annotated[bool, _SWITCH] = False
    """Print one JSON event a line on standard output, no live display."""


@Parameter(name="*", group=Group.create_ordered("Pictures"))
@dataclass(frozen=True, slots=True, kw_only=True)
class PictureOptions:
    """What a picture looks like."""

    every: int = 1
    """Keep every Nth picture, from the first on."""

    short_side: int | None = None
    """Scale the pictures' short side down to this many pixels."""

    quality: int = 2
    """Of the JPEG files: 1 is the best, 31 the smallest (ffmpeg's -q:v)."""


@Parameter(name="*", group=Group.create_ordered("Sound"))
@dataclass(frozen=True, slots=True, kw_only=True)
class SoundOptions:
    """What the sound becomes."""

    format: Literal["wav", "flac", "m4a"] = "wav"
    """wav and flac are 16 bits; m4a is the clip's own AAC, untouched, unless --rate or --mono ask for a change."""

    rate: int | None = None
    """Samples a second; those of the clip when not given."""

    mono: Annotated[bool, _SWITCH] = False
    """Mix the channels into one."""


def frames(dataset: Path, how: ExportOptions, pictures: PictureOptions) -> Exit:
    """Raises UserError, LedgerError, ClipsetError."""
    if pictures.every < 1:
        raise UserError(f"--every must be at least 1, not {pictures.every}")
    if not 1 <= pictures.quality <= 31:
        raise UserError(f"--quality must be between 1 (best) and 31, not {pictures.quality}")
    if pictures.short_side is not None and not 16 <= pictures.short_side <= 8192:
        raise UserError(f"--short-side must be between 16 and 8192 pixels, not {pictures.short_side}")
    form = PictureForm(pictures.every, pictures.short_side, pictures.quality)
    return _export(dataset, how, Frames(form))


def sound(dataset: Path, how: ExportOptions, sounds: SoundOptions) -> Exit:
    """Raises UserError, LedgerError, ClipsetError."""
    if sounds.rate is not None and not 1000 <= sounds.rate <= 192_000:
        raise UserError(f"--rate must be between 1000 and 192000 samples a second, not {sounds.rate}")
    if sounds.format == "m4a" and sounds.rate not in (None, *_AAC_RATES_HZ):
        raise UserError(f"--rate: m4a has {', '.join(map(str, _AAC_RATES_HZ))} samples a second, not {sounds.rate}")
    return _export(dataset, how, Sound(SoundForm(sounds.format, sounds.rate, sounds.mono)))


def _export(dataset: Path, how: ExportOptions, kind: Kind) -> Exit:
    clock, jobs = SystemClock(), checked_jobs(how.jobs)
    with Ledger.read(dataset) as ledger:
        try:
            clips = places.of_dataset(ledger, dataset).open(threading.Event())
            export = Export(clips, ledger, kind, _selection(how))
        except SelectionError as error:
            raise UserError(str(error)) from None
        try:
            with (
                interruptible(),
                taken(how.out, dataset, kind, ledger.get_meta("recipe_id") or "") as out,
                file_watcher(clock, as_json=how.json, doing="Exporting") as watcher,
            ):
                report = export.run(out, MediaExporter, jobs, watcher)
        except KeyboardInterrupt:
            complain("interrupted; nothing was lost, run the same command again to go on")
            return Exit.RESUMABLE
    if how.json:
        print(json.dumps(_summary(report)), flush=True)
    else:
        _print(dataset, how.out, kind, report)
    return Exit.VERIFICATION if any(report.verdicts[verdict] for verdict in _FAILED) else Exit.OK


def _selection(how: ExportOptions) -> Selection:
    return Selection(splits=frozenset(how.split), labels=frozenset(how.class_) if how.class_ else None)


def _summary(report: ExportReport) -> dict[str, object]:
    return {
        "event": "summary",
        "clips": {verdict.value: report.verdicts[verdict] for verdict in Verdict if report.verdicts[verdict]},
        "files": report.files,
        "bytes": report.size_bytes,
    }


def _print(dataset: Path, out: Path, kind: Kind, report: ExportReport) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_row("clips", Text(counts_text(report.verdicts)))
    table.add_row("made", Text(f"{report.files:,} files, {human_bytes(report.size_bytes)}"))
    table.add_row("where", Text(f"{out}/<split>/<label>/{kind.proof(kind.place('<clip id>.mp4'))}"))
    console = Console(stderr=True, highlight=False)
    console.print(table)
    if any(report.verdicts[verdict] for verdict in _FAILED):
        text = f"Run clipset rebuild {dataset} --force and then the same fetch to have the damaged clips made anew."
        console.print(Text(text, style="bold"))
