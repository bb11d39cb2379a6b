"""`clipset simulate`: what pace policies get from a world, in virtual time."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clipset.cli.how_long import how_long
from clipset.cli.options import SimulateOptions
from clipset.cli.outcome import Exit, say
from clipset.clock import Clock, SystemClock
from clipset.config import UserError
from clipset.progress.patience import Patience
from clipset.progress.text import human_duration, printable
from clipset.simulate import Result, World, picture
from clipset.simulate import simulate as run_simulation
from clipset.simulate.choice import check_policies, find_world
from clipset.types import US_PER_S

_PILOT_SHARE = 1 / 14  # of the horizon
_PILOT_VIDEOS = 10_000
_MOST_SEEDS = 10_000


def simulate(word: str | None, options: SimulateOptions) -> Exit:
    """Raises UserError, AnnotationError, and ClipsetError for a picture that the disk refuses."""
    asks_how_long = options.dataset is not None or options.videos is not None
    if asks_how_long and word is None:
        return how_long(options, SystemClock())
    if asks_how_long or word is None:
        raise UserError(
            "name a world to simulate (guest), or a dataset to ask how long it takes (--dataset kinetics700)"
        )
    if options.egress or options.clips is not None:
        raise UserError("--egress and --clips are for how long a dataset takes; name it with --dataset")
    if not 1 <= options.seeds <= _MOST_SEEDS:
        raise UserError(f"--seeds is a number from 1 to {_MOST_SEEDS:,}, not {options.seeds}")
    return _worlds(word, options, SystemClock())


@dataclass(frozen=True, slots=True)
class _Run:
    policy: str
    seed: int
    result: Result

    def to_json(self, world: World) -> dict[str, Any]:
        return {"world": world.name, "policy": self.policy, "seed": self.seed, **self.result.as_dict()}


def _worlds(word: str, options: SimulateOptions, clock: Clock) -> Exit:
    world, policies = find_world(word), check_policies(options.policy)
    if options.picture is not None:
        picture.check(options.picture)
    world = world if options.seed is None else world.seeded(options.seed)
    runs = []
    for run in _runs(world, policies, options.seeds, clock):
        runs.append(run)
        if options.json:
            print(json.dumps(run.to_json(world)), flush=True)
    if not options.json:
        Console(highlight=False).print(_one(world, runs[0]) if len(runs) == 1 else _many(world, runs))
    if options.picture is not None:
        picture.save(options.picture, world, {run.policy: run.result for run in runs if run.seed == world.seed})
        say(f"The picture is {options.picture}.")
    return Exit.OK


def _runs(world: World, policies: Sequence[str], seeds: int, clock: Clock) -> Iterator[_Run]:
    """Each policy with each seed, saying meanwhile how long the rest takes."""
    todo = [(policy, world.seed + number) for policy in policies for number in range(seeds)]
    with Patience(clock, Console(stderr=True)) as patience:
        patience.doing(f"simulating {world.name}", 0)
        expected_s = {policy: _expected_s(world, policy, clock) for policy in policies}
        for number, (policy, seed) in enumerate(todo):
            left_s = sum(expected_s[other] for other, _ in todo[number:])
            what = f"simulating {world.name} · {policy}, seed {seed} · {number + 1} of {len(todo)}"
            patience.doing(what, left_s)
            start_us = clock.now_us()
            yield _Run(policy, seed, run_simulation(world.seeded(seed), policy))
            expected_s[policy] = (clock.now_us() - start_us) / US_PER_S


def _expected_s(world: World, policy: str, clock: Clock) -> float:
    """What one run takes, from its first day or first videos: a simulation cannot be asked how far it is."""
    start_us = clock.now_us()
    pilot = replace(world, horizon_h=world.horizon_h * _PILOT_SHARE, videos=min(_PILOT_VIDEOS, world.videos))
    result = run_simulation(pilot, policy)
    spent_s = (clock.now_us() - start_us) / US_PER_S
    served = result.ok + (result.refused if policy == "none" else 0)
    return spent_s * min(world.horizon_h / max(1e-3, result.hours), world.videos / max(1, served))


def _one(world: World, run: _Run) -> Table:
    result = run.result
    table = Table.grid(padding=(0, 2))
    table.add_row("world", Text(f"{printable(world.name)}, policy {run.policy}, seed {run.seed}"))
    table.add_row("time", f"{human_duration(result.hours * 3600)} of virtual time")
    table.add_row("videos", f"{result.ok:,} finished, {result.ok / max(1e-3, result.hours):,.1f} an hour")
    table.add_row("possible", f"{result.oracle_ok:,}, for one that knows the limits")
    table.add_row("share of it", f"{result.share_of_oracle:.1%} from the second day on")
    table.add_row("refused", f"{result.refused:,}, of which {result.refused_while_blocked:,} while blocked already")
    table.add_row("cool-downs", f"{result.cool_downs:,}")
    return table


def _many(world: World, runs: Sequence[_Run]) -> Table:
    """A row for each policy: means over the seeds, and the worst of any."""
    seeds = len({run.seed for run in runs})
    caption = f"world {printable(world.name)}, {seeds} seeds" if seeds > 1 else f"world {printable(world.name)}"
    table = Table("policy", box=None, padding=(0, 1), caption=Text(caption), caption_justify="left")
    for title in (
        "share of\noracle",
        "least",
        "videos",
        "least",
        "refused\na day",
        "most",
        "while\nblocked",
        "cool-\ndowns",
    ):
        table.add_column(title, justify="right")
    for policy in dict.fromkeys(run.policy for run in runs):
        table.add_row(policy, *_figures([run.result for run in runs if run.policy == policy]))
    return table


def _figures(results: Sequence[Result]) -> list[str]:
    shares, videos = [result.share_of_oracle for result in results], [result.ok for result in results]
    refused = [result.refused / max(1e-3, result.hours / 24) for result in results]
    return [
        *(f"{share:.1%}" for share in (fmean(shares), min(shares))),
        *(f"{count:,.0f}" for count in (fmean(videos), min(videos))),
        *(f"{count:,.1f}" for count in (fmean(refused), max(refused))),
        f"{fmean(result.refused_while_blocked for result in results):,.1f}",
        f"{fmean(result.cool_downs for result in results):,.1f}",
    ]
