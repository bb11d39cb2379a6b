"""Shards that knew nothing of each other, merged: what one run would have made, and what is wrong is told."""

import hashlib
import json
import os
import random
import signal
import sqlite3
import time
from contextlib import closing, nullcontext
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest
from program import here, status, table, tree, write_list

from clipset.existing.egresses import joined
from clipset.existing.merge import Merge, merge
from clipset.ledger import EgressRow, Ledger, PlanHeader
from clipset.reasons import Reason
from clipset.rehearsal import Rehearsal, Scenario, Video
from clipset.throttle.state import EgressState
from clipset.types import Annotation, Attempt, Facts, Failure, Outcome, Stage, Stored

S = 1_000_000
NOW_US = 1_795_359_845 * S
FACTS = Facts(64, 36, Fraction(25), 25, S, "h264", None, "18")


def events(ran) -> tuple[list[dict], dict]:
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    return lines[:-1], lines[-1]


def test_four_shards_then_three_and_a_merge_are_one_unsharded_run_and_the_next_fetch_asks_nothing(tmp_path):
    rows = [(f"label {n % 3}", f"video{n:06d}", n % 4, n % 4 + 2, "train" if n % 2 else "val") for n in range(8)]
    annotations, out = write_list(tmp_path / "list.csv", rows), tmp_path / "out"
    videos = {"video000003": Video(outcome="private"), "video000007": Video(outcome="removed")}
    default = Video(duration_s=8, itags=(18,), shrink=2)
    with Rehearsal(Scenario(default=default, videos=videos)) as youtube:
        reach = ("--youtube-origin", youtube.origin, "--rate", "unlimited", "--jobs", 1)
        shards = [tmp_path / f"{index}-of-4" for index in range(1, 5)]
        for index, shard in enumerate(shards, 1):
            ran = here("fetch", annotations, "--out", shard, "--shard", f"{index}/4", "--max-clips", 1, *reach)
            assert ran.returncode in {0, 3}, ran.stderr
        _, first = events(here("merge", *shards, "--out", out, "--json"))
        assert 0 < first["clips"]["done"] < 6
        further = [tmp_path / f"{index}-of-3" for index in range(1, 4)]
        for index, shard in enumerate(further, 1):
            assert here("fetch", annotations, "--out", shard, "--shard", f"{index}/3", *reach).returncode == 0
        ran = here("merge", *further, *shards, "--out", out, "--json")
        assert ran.returncode == 0, ran.stderr
        youtube.reset()
        for words in (("--shard", "2/5"), ()):
            ran = here("fetch", annotations, "--out", out, *words, *reach)
            assert (ran.returncode, sum(youtube.counts().values())) == (0, 0), ran.stderr
        assert here("fetch", annotations, "--out", tmp_path / "whole", *reach).returncode == 0
    assert tree(out) == tree(tmp_path / "whole")
    assert len(tree(out)) == 6
    found, whole = status(out), status(tmp_path / "whole")
    for part in ("clips", "videos", "splits", "reasons"):
        assert found[part] == whole[part]
    assert found["bytes"]["stored"] == whole["bytes"]["stored"]


def shard(directory: Path, rows: list[tuple[str, str]], *, content: str = "clip", recipe: str = "exact-h360") -> Path:
    """A dataset of (label, video id), each clip done; with a label that begins with «lost», lost."""
    annotations = [Annotation(video_id, 0, S, "train", label) for label, video_id in rows]
    sha256 = hashlib.sha256(repr(rows).encode()).hexdigest()

    def path_of(row: Annotation) -> str:
        return f"train/{row.label}/{row.clip.id}.mp4"

    with Ledger.open(directory) as ledger:
        header = PlanHeader(f"{directory.name}.csv", sha256, "{}", recipe, "kinetics")
        plan = ledger.load(header, annotations, path_of).plan_id
        ledger.set_meta("recipe_id", recipe)
        session = ledger.start_session(NOW_US, "{}", json.dumps({"node": directory.name}))
        for job in ledger.next_jobs([plan], NOW_US, 1000, (), session):
            (want,) = job.wanted
            data = f"{content} {want.clip.id}".encode()
            stored = Stored(want.paths[0], len(data), hashlib.sha256(data).hexdigest(), FACTS)
            is_lost = "/lost" in want.paths[0]
            if not is_lost:
                (directory / want.paths[0]).parent.mkdir(parents=True, exist_ok=True)
                (directory / want.paths[0]).write_bytes(data)
            result = Failure(Reason.PRIVATE, "Private video", Stage.RESOLVE) if is_lost else stored
            attempt = Attempt(want.clip, result, "youtube", "direct")
            ledger.record(Outcome(job, (attempt,)), session, NOW_US, lambda _reason, _tries: None)
        ledger.stop_session(session, NOW_US, "finished")
        ledger.write_tables()
    return directory


A = [("x", f"video{number:06d}") for number in range(4)]
B = [("x", f"video{number:06d}") for number in range(3, 7)]


def snapshot(folder: Path) -> dict[str, tuple]:
    """All there is, but for the empty files that SQLite puts beside a ledger while anybody reads it."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix not in {".db-shm", ".db-wal"}]
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_ino, path.read_bytes()) for path in files}


def test_files_are_linked_or_copied_and_the_sources_stay_as_they_are(tmp_path):
    sources = [shard(tmp_path / "a", A), shard(tmp_path / "b", B)]
    before = [snapshot(source) for source in sources]
    for out, words in (("linked", ()), ("copied", ("--copy", "--verify"))):
        assert here("merge", *sources, "--out", tmp_path / out, *words).returncode == 0
        places = [path for path in (tmp_path / out).rglob("*.mp4") if path.is_file()]
        assert len(places) == 7
        assert {path.stat().st_nlink > 1 for path in places} == {out == "linked"}
    assert [snapshot(source) for source in sources] == before
    assert len(table(tmp_path / "linked" / "stats.csv")) == 7


def test_a_trial_says_what_would_be_merged_and_writes_nothing(tmp_path):
    sources = [shard(tmp_path / "a", A), shard(tmp_path / "b", [*B, ("lost", "lostaaaaaaa")])]
    ran = here("merge", *sources, "--out", tmp_path / "out", "--dry-run", "--json")
    _, summary = events(ran)
    assert [(row["clips"], row["done"], row["lost"], row["new"]) for row in summary["sources"]] == [
        (4, 4, 0, 4),
        (5, 4, 1, 3),
    ]
    assert (summary["dry_run"], summary["clips"]) == (True, None)
    assert not (tmp_path / "out").exists()
    assert here("merge", sources[0], "--out", tmp_path / "out").returncode == 0
    before = snapshot(tmp_path / "out")
    _, summary = events(here("merge", *sources, "--out", tmp_path / "out", "--dry-run", "--json"))
    assert [row["new"] for row in summary["sources"]] == [0, 3]
    assert snapshot(tmp_path / "out") == before


def test_what_differs_is_told_and_the_dataset_named_first_wins(tmp_path):
    one, two = shard(tmp_path / "a", A), shard(tmp_path / "b", [*B, ("lost", "video000000")], content="other")
    lines, summary = events(here("merge", one, two, "--out", tmp_path / "out", "--json"))
    conflicts = [(line["kind"], line["what"]) for line in lines if line["event"] == "conflict"]
    assert conflicts == [("clip", "video000003_000000_000001")]
    assert summary["conflicts"] == {"clip": 1}
    assert summary["sources"][1]["won_over_lost"] == 1
    assert tree(tmp_path / "out")["train/x/video000003_000000_000001.mp4"] == b"clip video000003_000000_000001"
    assert summary["clips"] == {"done": 7, "lost": 0, "wanted": 0}
    assert {row["clip_id"] for row in table(tmp_path / "out" / "failed.csv")} == set()


def test_a_list_with_another_content_is_told_once(tmp_path):
    (tmp_path / "1").mkdir(), (tmp_path / "2").mkdir()
    sources = [shard(tmp_path / "1" / "k", A), shard(tmp_path / "2" / "k", B)]
    _, summary = events(here("merge", *sources, "--out", tmp_path / "out", "--json"))
    assert summary["conflicts"] == {"list": 1}
    _, summary = events(here("merge", *sources, "--out", tmp_path / "out", "--json"))
    assert summary["conflicts"] == {}


def test_a_label_with_two_folders_lies_in_one_and_is_told(tmp_path):
    sources = [shard(tmp_path / "a", [("x", "video000001")]), shard(tmp_path / "b", [("x", "video000002")])]
    for source, folder in zip(sources, ("x", "y"), strict=True):
        (source / "train" / "x").rename(source / "train" / folder)
        with closing(sqlite3.connect(source / ".clipset" / "ledger.db")) as ledger, ledger:
            ledger.execute("INSERT INTO folder VALUES ('split', 'train', 'train'), ('label', 'x', ?)", (folder,))
            for name in ("stored", "annotation"):
                ledger.execute(f"UPDATE {name} SET path = replace(path, '/x/', ?)", (f"/{folder}/",))  # noqa: S608
    lines, summary = events(here("merge", *sources, "--out", tmp_path / "out", "--json"))
    assert [(line["kind"], line["what"]) for line in lines if line["event"] == "conflict"] == [("label", "x")]
    assert sorted(tree(tmp_path / "out")) == [f"train/x/video{number:06d}_000000_000001.mp4" for number in (1, 2)]
    assert summary["clips"]["done"] == 2


def test_a_file_that_is_gone_or_another_is_told_and_its_clip_is_wanted_again(tmp_path):
    source, out = shard(tmp_path / "a", A), tmp_path / "out"
    first, second, third, _ = sorted(source.rglob("*.mp4"))
    first.unlink()
    second.write_bytes(b"short")
    third.write_bytes(b"x" * third.stat().st_size)
    for words, wrong in (((), {"missing": 1, "damaged": 1}), (("--verify",), {"missing": 1, "damaged": 2})):
        ran = here("merge", source, "--out", tmp_path / f"out{len(words)}", "--json", *words)
        _, summary = events(ran)
        assert ran.returncode == 4
        assert summary["sources"][0]["files"] == wrong | {"merged": 4 - sum(wrong.values())}
        assert summary["clips"] == {"done": 4 - sum(wrong.values()), "lost": 0, "wanted": sum(wrong.values())}
    assert not out.exists()


def hostile(source: Path) -> None:
    with closing(sqlite3.connect(source / ".clipset" / "ledger.db")) as ledger, ledger:
        ledger.execute("UPDATE stored SET path = '../../secret.mp4'")
        ledger.execute("UPDATE annotation SET path = '../../evil.mp4'")


def test_paths_that_lead_out_are_refused(tmp_path):
    source = shard(tmp_path / "deep" / "a", A[:1])
    hostile(source)
    (tmp_path / "secret.mp4").write_text("clip video000000_000000_000001")
    ran = here("merge", source, "--out", tmp_path / "deep" / "out")
    assert (ran.returncode, "Traceback" in ran.stderr) == (4, False)
    assert not (tmp_path / "evil.mp4").exists()
    assert tree(tmp_path / "deep" / "out") == {}


REFUSED = {
    "another recipe": ({"recipe_id": "copy-h360"}, "made with the recipe"),
    "clips that lie elsewhere": ({"clips_to": "s3://bucket/k"}, "s3://bucket/k"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_datasets_made_otherwise_are_refused_before_anything_is_written(case, tmp_path):
    meta, hint = REFUSED[case]
    sources = [shard(tmp_path / "a", A), shard(tmp_path / "b", B)]
    with Ledger.open(sources[1]) as ledger:
        for name, value in meta.items():
            ledger.set_meta(name, value)
    ran = here("merge", *sources, "--out", tmp_path / "out")
    assert (ran.returncode, hint in ran.stderr, ran.stderr.count("\n")) == (2, True, 1), ran.stderr
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_merged_is_one_line_and_exit_2(tmp_path):
    source = shard(tmp_path / "a", A)
    newer = shard(tmp_path / "newer", A)
    with closing(sqlite3.connect(newer / ".clipset" / "ledger.db")) as ledger:
        ledger.execute("PRAGMA user_version = 99")
    cases = [((), "DATASETS requires"), ((source, source), "twice"), ((tmp_path / "none",), "no clipset dataset")]
    for sources, hint in [*cases, ((newer,), "update clipset"), ((source, newer), "update clipset")]:
        ran = here("merge", *sources, "--out", tmp_path / "out")
        assert (ran.returncode, hint in ran.stderr, ran.stderr.count("\n")) == (2, True, 1), ran.stderr
    assert "one of the datasets" in here("merge", source, "--out", source).stderr
    assert not (tmp_path / "out").exists()


def test_where_clips_lie_in_an_object_store_only_the_ledgers_are_joined(tmp_path):
    sources = [shard(tmp_path / "a", A), shard(tmp_path / "b", B)]
    for source in sources:
        for path in source.rglob("*.mp4"):
            path.unlink()
        with Ledger.open(source) as ledger:
            ledger.set_meta("clips_to", "s3://bucket/k")
    ran = here("merge", *sources, "--out", tmp_path / "out", "--json")
    assert (ran.returncode, events(ran)[1]["clips"]["done"]) == (0, 7)
    with Ledger.read(tmp_path / "out") as reader:
        assert reader.get_meta("clips_to") == "s3://bucket/k"


def row(name: str, node: str, seen_us: int) -> EgressRow:
    return EgressRow(name, None, 300.0, EgressState(seen_us=seen_us).to_json(), node)


JOINED = {  # rows as (name, machine, when it was last seen)
    "one machine": ([("direct", "n1", 1), ("direct", "n1", 2)], [("direct", "n1", 2)]),
    "two machines": ([("direct", "n1", 1), ("direct", "n2", 2)], [("direct@n1", "n1", 1), ("direct@n2", "n2", 2)]),
    "merged before": (
        [("direct@n1", "n1", 1), ("direct", "n1", 5), ("direct@n2", "n2", 2)],
        [("direct@n1", "n1", 5), ("direct@n2", "n2", 2)],
    ),
    "a machine nobody knows": ([("direct", "", 1), ("direct", "n2", 2)], [("direct", "", 1), ("direct@n2", "n2", 2)]),
}


@pytest.mark.parametrize("case", JOINED)
@pytest.mark.parametrize("order", [1, -1])
def test_each_machine_keeps_its_egress_as_it_was_last_seen(case, order):
    rows, expected = JOINED[case]
    known = joined(row(*cells) for cells in rows[::order])
    found = [(each.name, each.node, EgressState.from_json(each.state).seen_us) for each in known]
    assert found == expected


class Quiet:
    """Shows nothing, and takes its time over each file."""

    def __init__(self, step=lambda: None) -> None:
        self.step = step

    def reading(self, number):
        return nullcontext()

    def bringing(self, number):
        return nullcontext(SimpleNamespace(begin=lambda files: None, found=lambda finding: self.step()))


def states(directory: Path) -> list[tuple]:
    sql = (
        "SELECT video.id, state, clip.attempts, path, (SELECT count(*) FROM attempt WHERE clip_key = clip.key)"
        " FROM clip JOIN video ON video.key = video_key LEFT JOIN stored ON stored.clip_key = clip.key"
        " ORDER BY video.id"
    )
    with Ledger.read(directory) as reader:
        return list(reader.select(sql))


@pytest.mark.slow
def test_a_merge_that_is_killed_again_and_again_ends_as_an_undisturbed_one(tmp_path):
    draw, count = random.Random(3), 600
    rows = [("x", f"video{number:06d}") for number in range(count)]
    sources = [shard(tmp_path / "a", rows[:400]), shard(tmp_path / "b", rows[300:])]
    disturbed = tmp_path / "disturbed"
    kills = 0
    for _ in range(8):
        child = os.fork()
        if child == 0:
            try:
                list(merge(Merge(sources, disturbed), Quiet(lambda: time.sleep(0.0002))))
            finally:
                os._exit(0)
        time.sleep(draw.uniform(0.02, 0.25))
        os.kill(child, signal.SIGKILL)
        kills += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        if (disturbed / ".clipset" / "ledger.db").exists():
            with Ledger.open(disturbed) as ledger:
                assert ledger.status(NOW_US).clips.done <= len(tree(disturbed)), "a record without its file"
    assert kills > 4
    for out in (disturbed, tmp_path / "undisturbed"):
        list(merge(Merge(sources, out), Quiet()))
    assert tree(disturbed) == tree(tmp_path / "undisturbed")
    assert len(tree(disturbed)) == count
    assert states(disturbed) == states(tmp_path / "undisturbed")
    assert not list((disturbed / ".clipset" / "tmp").iterdir())
    assert table(disturbed / "stats.csv") == table(tmp_path / "undisturbed" / "stats.csv")
