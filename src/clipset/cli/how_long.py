"""`clipset simulate --dataset`: how long a dataset takes through egresses of several kinds."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from clipset import catalogue
from clipset.annotations import read
from clipset.cli.options import SimulateOptions
from clipset.cli.outcome import Exit
from clipset.clock import Clock
from clipset.config import UserError
from clipset.progress.patience import Patience
from clipset.progress.text import human_duration, printable
from clipset.simulate.choice import MOST_EGRESSES, check_policies, find_world
from clipset.simulate.fleet import MOST_YEARS, Finish, Kind, time_to_finish
from clipset.types import US_PER_S, Annotation

DEFAULT_EGRESS = "guest"
_MOST_VIDEOS = 10_000_000_000


def how_long(options: SimulateOptions, clock: Clock) -> Exit:
    """Raises UserError, AnnotationError."""
    if options.seeds != 1 or options.picture is not None:
        raise UserError("--seeds and --picture show a world; leave them out to ask how long a dataset takes")
    policies = check_policies(options.policy)
    if "none" in policies:
        raise UserError("the policy none writes refused videos off, so it never finishes them; choose another --policy")
    kinds = [_kind(word, options.seed) for word in options.egress or (DEFAULT_EGRESS,)]
    videos = _videos(options)
    for policy in policies:
        with _said(policy, clock) as starting:
            finish = time_to_finish(kinds, videos, policy, starting)
        if options.json:
            print(json.dumps(_to_json(finish, options.dataset, videos, policy, clock)), flush=True)
        else:
            Console(highlight=False).print(_table(finish, options.dataset, videos, policy, clock))
    return Exit.OK


def _kind(word: str, seed: int | None) -> Kind:
    """`guest`, `guest:3`, `home.toml:2`. Raises UserError."""
    name, _, tail = word.rpartition(":")
    if not name or not tail.isdecimal():
        name, tail = word, "1"
    world, count = find_world(name), int(tail[:9])
    if not 1 <= count * len(world.limits) <= MOST_EGRESSES:
        raise UserError(f"--egress {word}: a count is a number from 1, for {MOST_EGRESSES:,} egresses at most")
    return Kind(world if seed is None else world.seeded(seed), count)


def _videos(options: SimulateOptions) -> int:
    """Raises UserError, AnnotationError."""
    if options.videos is not None and options.clips is not None:
        raise UserError("give --clips or --videos, not both")
    for name, given in (("--videos", options.videos), ("--clips", options.clips)):
        if given is not None and not 1 <= given <= _MOST_VIDEOS:
            raise UserError(f"{name} is a number from 1 to {_MOST_VIDEOS:,}, not {given}")
    if options.videos is not None:
        return options.videos
    clips, videos = _counts(str(options.dataset))
    if not videos:
        raise UserError(f"{options.dataset} names no video")
    return videos if options.clips is None else max(1, round(options.clips * videos / clips))


def _counts(dataset: str) -> tuple[int, int]:
    """Clips and videos of a list, otherwise of a dataset of the catalogue. Raises UserError, AnnotationError."""
    path = Path(dataset)
    if path.suffix == ".toml" or not (path.suffix or path.is_file()):
        known = catalogue.find(dataset)
        if not known.clips or not known.videos:
            raise UserError(f"nobody has published how many videos {known.name} has; give --videos N, or its list")
        return known.clips, known.videos
    clips = {row.clip for row in read(path) if isinstance(row, Annotation)}
    return len(clips), len({clip.video_id for clip in clips})


@contextmanager
def _said(policy: str, clock: Clock) -> Iterator[Callable[[int], None]]:
    """Says how long the simulation takes: a pass costs what the one before cost, in proportion to its time."""
    start_us, before_h = clock.now_us(), 0
    with Patience(clock, Console(stderr=True)) as patience:

        def starting(horizon_h: int) -> None:
            nonlocal start_us, before_h
            now_us = clock.now_us()
            left_s = (now_us - start_us) / US_PER_S * horizon_h / before_h if before_h else 0.0
            patience.doing(f"simulating {human_duration(horizon_h * 3600)} · {policy}", left_s)
            start_us, before_h = now_us, horizon_h

        yield starting


def _day(finish: Finish, clock: Clock) -> str | None:
    if finish.hours is None:
        return None
    now = datetime.fromtimestamp(clock.now_us() / US_PER_S, UTC).astimezone()
    return (now + timedelta(hours=finish.hours)).date().isoformat()


def _to_json(finish: Finish, dataset: str | None, videos: int, policy: str, clock: Clock) -> dict[str, Any]:
    return {
        "dataset": dataset,
        "videos": videos,
        "policy": policy,
        "days": None if finish.hours is None else round(finish.hours / 24, 2),
        "finished_on": _day(finish, clock),
        "videos_per_hour": round(finish.videos_per_h, 1),
        "refused": finish.refused,
        "cool_downs": finish.cool_downs,
        "share_of_oracle": round(finish.share_of_oracle, 4),
        "extrapolated": finish.is_extrapolated,
        "simulated_days": round(finish.simulated_h / 24, 2),
        "egresses": [
            {
                "kind": part.kind.world.name,
                "count": part.kind.egresses,
                "videos": part.videos,
                "refused": part.refused,
                "cool_downs": part.cool_downs,
                "share_of_oracle": round(part.share_of_oracle, 4),
            }
            for part in finish.parts
        ],
    }


def _table(finish: Finish, dataset: str | None, videos: int, policy: str, clock: Clock) -> Group:
    grid = Table.grid(padding=(0, 2))
    name = f"{printable(dataset)}: " if dataset else ""
    grid.add_row("videos", Text(f"{name}{videos:,}, policy {policy}"))
    if finish.hours is None:
        grid.add_row("finished", f"not within {MOST_YEARS} years")
    else:
        grid.add_row("finished", f"in {human_duration(finish.hours * 3600)}, on {_day(finish, clock)}")
    grid.add_row("pace", f"{finish.videos_per_h:,.1f} videos an hour on average")
    grid.add_row("refused", f"{finish.refused:,}, in {finish.cool_downs:,} cool-downs")
    grid.add_row("share", f"{finish.share_of_oracle:.1%} of what is possible")
    if finish.is_extrapolated:
        grid.add_row("simulated", f"{human_duration(finish.simulated_h * 3600)}; extrapolated from there")
    return Group(grid, _parts(finish)) if len(finish.parts) > 1 else Group(grid)


def _parts(finish: Finish) -> Table:
    table = Table("egresses", box=None, padding=(0, 1))
    for title in ("videos", "an hour", "refused", "cool-downs", "share"):
        table.add_column(title, justify="right")
    for part in finish.parts:
        table.add_row(
            Text(f"{part.kind.egresses:,} x {printable(part.kind.world.name)}"),
            f"{part.videos:,}",
            f"{part.videos / finish.counted_h:,.1f}",
            f"{part.refused:,}",
            f"{part.cool_downs:,}",
            f"{part.share_of_oracle:.1%}",
        )
    return table
