"""The options of `fetch` and `plan`, each also readable from the environment (`CLIPSET_RATE`) and `clipset.toml`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Group, Parameter


def _lines(hint: object, value: str, *, delimiter: str | None = None) -> list[str]:  # noqa: ARG001 - the library's signature
    """A list in an environment variable is a line each: labels and paths contain spaces and commas."""
    return [line for line in value.split("\n") if line]


_FLAG = Parameter(negative=(), show_default=False)
MANY = Parameter(negative=(), env_var_split=_lines, show_default=False)


@Parameter(name="*", group=Group.create_ordered("Lists"))
@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions:
    """How the lists are found and read."""

    column: Annotated[tuple[str, ...], MANY] = ()
    """For a table of no known form, which column is what, as KEY=NAME (repeatable).

    The keys are youtube_id, start, end or duration, label and split.
    """

    accept_changed_lists: Annotated[bool, _FLAG] = False
    """Take a list whose content is not what the dataset's description says."""

    annotations_origin: str | None = None
    """Stands in for the hosts of the lists, such as http://127.0.0.1:8080."""


@Parameter(name="*", group=Group.create_ordered("Selection"))
@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionOptions:
    """Which clips of the lists."""

    split: Annotated[tuple[str, ...], MANY] = ()
    """Only this split (repeatable); val, validate and validation mean the same."""

    class_: Annotated[tuple[str, ...], MANY, Parameter(name="--class")] = ()
    """Only clips with this label (repeatable)."""

    classes_file: Path | None = None
    """Only clips with a label that stands in this file, one a line."""

    categories: Path | None = None
    """A JSON file {category: [labels]} for --category."""

    category: Annotated[tuple[str, ...], MANY] = ()
    """Only clips with a label of this category (repeatable)."""

    limit: int | None = None
    """Only the first N clips, in the order of the file."""

    only_cc: Annotated[bool, _FLAG] = False
    """Only clips whose video stands under a Creative Commons licence, by the list's column is_cc."""

    shard: str | None = None
    """Only the videos of shard I of N, as I/N (1-based): the same on every machine."""


@Parameter(name="*", group=Group.create_ordered("Clips"))
@dataclass(frozen=True, slots=True, kw_only=True)
class ClipOptions:
    """What a clip looks like."""

    precision: Literal["exact", "smart", "copy"] = "exact"
    """exact: frame-exact, re-encoded; smart: frame-exact, mostly untouched; copy: untouched, from the keyframe on."""

    max_height: int = 360
    """Largest source rendition to fetch, in pixels of its smaller side."""

    short_side: int | None = None
    """Scale the clip's short side down to this many pixels."""

    no_audio: Annotated[bool, _FLAG] = False
    """Leave sound out."""

    min_share: float = 0.5
    """Keep a clip whose video ends inside the span if at least this share of it is there."""


@Parameter(name="*", group=Group.create_ordered("Sources and pace"))
@dataclass(frozen=True, slots=True, kw_only=True)
class ReachOptions:
    """Where the videos come from and how fast they may be asked for."""

    source: Annotated[tuple[str, ...], MANY] = ("youtube",)
    """Where to look, in this order, clip by clip (repeatable): youtube, folder:PATH, cvdf; youtube if not given."""

    rate: str = "documented"
    """Videos permitted an hour and egress: documented, auto, a number such as 250/h, unlimited."""

    on_throttle: Literal["wait", "stop"] = "wait"
    """When YouTube refuses: wait for the cool-down with a countdown, or stop with exit status 3."""

    proxy: Annotated[tuple[str, ...], MANY] = ()
    """Reach YouTube through this proxy (repeatable, each its own egress)."""

    source_address: Annotated[tuple[str, ...], MANY] = ()
    """Reach YouTube from this local address (repeatable, each its own egress)."""

    cookies: Path | None = None
    """A Netscape cookie file; the account's own limits and risks apply."""

    youtube_client: Annotated[tuple[str, ...], MANY] = ()
    """Client of yt-dlp that answers first (repeatable); visionos if not given. yt-dlp's own choice looks twice."""

    ca_file: Path | None = None
    """Trust the certificate authorities in this PEM file instead of the built-in ones."""

    youtube_origin: str | None = None
    """Stands in for every YouTube host, such as http://127.0.0.1:8080."""

    mirror_origin: str | None = None
    """Stands in for the mirror's host, also in its lists, such as http://127.0.0.1:8080."""


@Parameter(name="*", group=Group.create_ordered("Running"))
@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How the work is done here."""

    jobs: int | None = None
    """Videos in flight, on each node; derived from the machine, and from what they wait for, when not given."""

    engine: Literal["local", "ray"] = "local"
    """Where the work runs: on this machine, or on the nodes of a Ray cluster."""

    ray_address: str | None = None
    """The cluster's head as host:port; RAY_ADDRESS if not given, and without that Ray on this machine alone."""

    clips_to: str | None = None
    """Put the clips there instead of into --out: an address in an object store, such as s3://bucket/prefix."""

    max_clips: int | None = None
    """End this session after so many finished clips; the next one goes on from there."""

    max_hours: float | None = None
    """End this session after so many hours."""

    until: str | None = None
    """End this session at this time of day, as HH:MM."""

    recheck: Literal["lost"] | None = None
    """Ask again for the clips of these lists that are lost: videos come back."""

    older_than: str | None = None
    """With --recheck: only those last asked for so long ago, such as 30d, 12h, 2w."""

    json: Annotated[bool, _FLAG] = False
    """Print one JSON event a line on standard output, no live display."""


@Parameter(name="*", group=Group.create_ordered("Simulation"))
@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateOptions:
    """What is simulated and how it is shown."""

    policy: Annotated[tuple[str, ...], MANY] = ()
    """Pace (repeatable): documented (the default), auto, unlimited, fixed:N (an hour), none, aimd, reference."""

    seed: int | None = None
    """Seed of all chance; the world's own if not given."""

    seeds: int = 1
    """Simulate with this many seeds, counted up from the first."""

    picture: Path | None = None
    """Draw permits and refusals over time into this .svg, .png or .html; the first seed, a panel for each policy."""

    dataset: str | None = None
    """Say how long this dataset takes instead: a name such as kinetics700, or a list of clips."""

    clips: int | None = None
    """With --dataset: only this many of its clips, with as many videos to a clip as it has."""

    videos: int | None = None
    """Say how long this many videos take."""

    egress: Annotated[tuple[str, ...], MANY] = ()
    """With --dataset or --videos: a world by name or file, also with a count, as guest:3 (repeatable); or guest."""

    json: Annotated[bool, _FLAG] = False
    """Print one JSON object a line on standard output: one for each policy and seed."""
