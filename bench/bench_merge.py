"""How `clipset merge` bears large shards: the ledgers only, no files (as where the clips lie in an object store).

    python -m bench.bench_merge [SHARDS [ROWS]]          10 shards of 65,000 rows by default

Each shard has its part of one list, seven of eight clips done and the others lost, as bench_load leaves them. CPU and
peak memory are those of the whole command; again: the same merge once more, which finds nothing new.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.bench_load import HEADER, NOW_US, finish, path_of, rows
from bench.bench_scale import Used, run
from clipset.ledger import Ledger
from clipset.plan import Seen, Selection, select
from clipset.types import Annotation, BadRow

SHARDS, ROWS = 10, 65_000


def of_shard(shard: int, shards: int, count: int) -> Iterator[Annotation | BadRow]:
    return select(rows(count), Selection(shard=(shard, shards)), Seen())


def make(directory: Path, shard: int, shards: int, count: int) -> None:
    with Ledger.open(directory) as ledger:
        ledger.set_meta("recipe_id", HEADER.recipe_id)
        ledger.set_meta("clips_to", "s3://bench")
        found = ledger.load(HEADER, of_shard(shard, shards, count), path_of)
        session = ledger.start_session(NOW_US + shard, "{}", "{}")
        finish(ledger, found.plan_id, session, found.videos, 500)
        ledger.stop_session(session, NOW_US + shard, "finished")


def show(what: str, count: int, used: Used) -> None:
    a_clip_us = used.cpu_s / count * 1e6
    print(
        f"| {what} | {used.wall_s:.1f} s | {used.cpu_s:.1f} s | {a_clip_us:.1f} us | {used.peak_mib} MiB |", flush=True
    )


def main() -> None:
    shards, each = (*map(int, sys.argv[1:]), *(SHARDS, ROWS)[len(sys.argv) - 1 :])
    count = shards * each
    with tempfile.TemporaryDirectory(prefix="clipset-bench-") as name:
        folder = Path(name)
        sources = [folder / str(shard) for shard in range(1, shards + 1)]
        for shard, directory in enumerate(sources, 1):
            make(directory, shard, shards, count)
        words = ("merge", *sources, "--out", folder / "out", "--json")
        print(f"{shards} shards, {count:,} clips")
        print("| what | by the clock | CPU | a clip | peak memory |\n|---|---|---|---|---|")
        show("merge", count, run(*words))
        show("again", count, run(*words))
        ledger = folder / "out" / ".clipset" / "ledger.db"
        print(f"ledger.db {ledger.stat().st_size / count:.0f} bytes a clip")


if __name__ == "__main__":
    main()
