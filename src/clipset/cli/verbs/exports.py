"""What is made of finished clips, and what they are like."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from clipset.cli.exporting import ExportOptions, PictureOptions, SoundOptions
from clipset.cli.exporting import frames as run_frames
from clipset.cli.exporting import sound as run_sound
from clipset.cli.outcome import Exit
from clipset.cli.stats import print_stats
from clipset.cli.verbs.parameters import PLACE


def frames(
    dataset: Annotated[Path, PLACE],
    /,
    *,
    exporting: ExportOptions,
    pictures: PictureOptions = PictureOptions(),  # noqa: B008 - frozen
) -> Exit:
    """Write the pictures of every finished clip as OUT/<split>/<label>/<clip id>/img_00001.jpg; run again to go on.

    Parameters
    ----------
    dataset
        The directory of the dataset.
    """
    return run_frames(dataset, exporting, pictures)


def sound(
    dataset: Annotated[Path, PLACE],
    /,
    *,
    exporting: ExportOptions,
    sounds: SoundOptions = SoundOptions(),  # noqa: B008 - frozen
) -> Exit:
    """Write the sound of every finished clip as OUT/<split>/<label>/<clip id>.wav; run again to go on.

    Parameters
    ----------
    dataset
        The directory of the dataset.
    """
    return run_sound(dataset, exporting, sounds)


def stats(
    dataset: Annotated[Path, PLACE],
    /,
    *,
    csv: Annotated[Path | None, PLACE] = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> Exit:
    """Show what the finished clips are like: resolutions, frame rates, durations, codecs, sources.

    Parameters
    ----------
    dataset
        The directory of the dataset.
    csv
        Write the same as a table, a row for each value.
    json
        Print one JSON object.
    """
    return print_stats(dataset, table=csv, as_json=json)
