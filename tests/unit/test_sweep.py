"""Going through a mirror: a real ledger and real tars over real HTTP, clips that are only their own names."""

import threading
from collections.abc import Sequence

import pytest
from benches import MemorySink, S, ScriptedTrimmer, failure
from test_run import VirtualClock, Watcher

from clipset.ledger import Ledger, PlanHeader
from clipset.reasons import Reason
from clipset.rehearsal import (
    MediaFault,
    MediaFaultKind,
    MemberKind,
    MirrorFile,
    Rehearsal,
    Scenario,
    Tarball,
    TarForm,
    TarMember,
)
from clipset.run import Conduct, StoppedBy
from clipset.sources.mirror.cvdf import Cvdf
from clipset.sources.mirror.index import TarIndex
from clipset.sweep import Means, Scope, Sweep, SweepView
from clipset.types import Annotation, Attempt, ClipsetError, Outcome, Recipe
from clipset.web import Web

ROOT = "https://s3.amazonaws.com/kinetics"


def row(number: int, label: str = "cycling", split: str = "val") -> Annotation:
    return Annotation(f"video{number:06d}", 1 * S, 4 * S, split, label)


def clip_id(number: int) -> str:
    return row(number).clip.id


def member(number: int, text: str | None = None) -> TarMember:
    return TarMember(
        name=f"{clip_id(number)}.mp4", kind=MemberKind.TEXT, text=clip_id(number) if text is None else text
    )


def tar(*members: TarMember | int, faults: Sequence[MediaFault] = ()) -> MirrorFile:
    given = tuple(member(one) if isinstance(one, int) else one for one in members)
    return MirrorFile(tar=Tarball(members=given), faults=tuple(faults))


def listed(folder: str = "400/val", **tars: MirrorFile) -> dict[str, MirrorFile]:
    version, split = folder.split("/")
    text = "".join(f"{ROOT}/{folder}/{name}.tar.gz\n" for name in tars)
    files = {f"{folder}/{name}.tar.gz": file for name, file in tars.items()}
    return {f"{folder}/k{version}_{split}_path.txt": MirrorFile(text=text), **files}


class Seer(Watcher):
    """Remembers everything that it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[str] = []
        self.views: list[SweepView] = []
        self.regains = 0

    def streaming(self, view: SweepView) -> None:
        self.views.append(view)

    def warned(self, text: str) -> None:
        self.warnings.append(text)

    def regained(self) -> None:
        self.regains += 1


class Desk:
    """A ledger with clips of one list, and sweeps over a mirror that the test describes."""

    def __init__(self, directory, rows: list[Annotation], name: str = "kinetics400") -> None:
        self.directory = directory
        self.ledger = Ledger.open(directory / "data")
        header = PlanHeader("list.csv", "0" * 64, "{}", "exact-h360", name)
        self.plan = self.ledger.load(header, rows, lambda one: f"val/{one.label}/{one.clip.id}.mp4").plan_id
        self.clock, self.seer, self.sink = VirtualClock(), Seer(), MemorySink()
        self.drain, self.abort = threading.Event(), threading.Event()
        self.asked: list[str] = []
        self.trimmers: list[ScriptedTrimmer] = []
        self.session = self.new_session()

    def new_session(self) -> int:
        return self.ledger.start_session(self.clock.now_us(), "{}", "{}")

    def sweep(self, mirror: dict[str, MirrorFile], *, is_last=True, streams=2, conduct=Conduct(), scope=Scope()):  # noqa: B008 - frozen
        with Rehearsal(Scenario(mirror=mirror)) as site:
            means = self.means(site, streams, scope)
            sweep = Sweep(self.ledger, means, self.seer, self.clock, conduct, is_last=is_last)
            try:
                return sweep.run([self.plan], self.session, self.drain, self.abort)
            finally:
                self.asked = [entry.path for entry in site.log]
                self.sent_bytes = sum(entry.bytes_sent for entry in site.log)

    def means(self, site: Rehearsal, streams: int = 2, scope: Scope = Scope()) -> Means:  # noqa: B008 - frozen
        web = Web(self.drain, site.origin, waits_s=())
        return Means(
            web, Cvdf(web), TarIndex(self.directory / "index"), lambda: Ledger.read(self.directory / "data"),
            self._trimmer, self.sink, Recipe(), streams, scope,
        )  # fmt: skip

    def _trimmer(self) -> ScriptedTrimmer:
        self.trimmers.append(ScriptedTrimmer())
        return self.trimmers[-1]

    @property
    def kept(self) -> list[int]:
        return sorted(int(path[-24:-18]) for path in self.sink.files)

    @property
    def clips(self) -> tuple[int, int, int]:
        counts = self.ledger.status(self.clock.now_us()).clips
        return counts.wanted, counts.done, counts.lost

    @property
    def reasons(self) -> dict[str, int]:
        return dict(self.ledger.status(self.clock.now_us()).reasons)


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path, [row(number) for number in range(6)])
    yield desk
    desk.ledger.close()


def test_what_is_wanted_is_taken_and_nothing_else(desk):
    result = desk.sweep(listed(part_0=tar(0, 1, 90, 2), part_1=tar(91, 3, 4, 5)))
    assert (result.stopped_by, result.done, result.failed) == (StoppedBy.FINISHED, 6, 0)
    assert desk.kept == [0, 1, 2, 3, 4, 5]
    assert {verdict.source for verdict in desk.seer.verdicts} == {"cvdf"}
    assert {verdict.tool for verdict in desk.seer.verdicts} == {"400/val/part_0.tar.gz", "400/val/part_1.tar.gz"}
    assert all(trimmer.closed for trimmer in desk.trimmers)
    assert desk.seer.warnings == []


def test_a_finished_list_asks_the_mirror_nothing(desk):
    desk.sweep(listed(part_0=tar(0, 1, 2, 3, 4, 5)))
    assert desk.sweep(listed(part_0=tar(0, 1, 2, 3, 4, 5))).stopped_by is StoppedBy.FINISHED
    assert desk.asked == []


def test_what_the_mirror_lacks_or_has_damaged_is_said_where_nobody_follows_and_no_clip_is_lost(desk):
    result = desk.sweep(listed(part_0=tar(0, member(1, "damaged"), 2)))
    assert (result.stopped_by, result.done, result.failed) == (StoppedBy.NOT_DUE, 2, 4)
    assert desk.reasons == {"absent": 3, "damaged_media": 1}
    assert desk.clips == (4, 2, 0)


def test_what_the_mirror_lacks_or_has_damaged_is_left_to_those_who_follow(desk):
    result = desk.sweep(listed(part_0=tar(0, member(1, "damaged"), 2)), is_last=False)
    assert (result.stopped_by, result.done, result.failed) == (StoppedBy.NOT_DUE, 2, 0)
    assert desk.reasons == {}
    jobs = desk.ledger.next_jobs([desk.plan], desk.clock.now_us(), 9, (), desk.session)
    assert [job.video_id[-1] for job in jobs] == ["1", "3", "4", "5"]


def test_a_damaged_copy_is_not_fetched_again_while_it_is_the_same(desk):
    mirror = listed(part_0=tar(0, member(1, "damaged"), 2), part_1=tar(3))
    desk.sweep(mirror)
    desk.session = desk.new_session()
    desk.sweep(mirror)
    assert not any(path.endswith("gz") for path in desk.asked)
    assert desk.reasons == {"absent": 2, "damaged_media": 1}


def test_a_clip_that_another_source_called_lost_is_regained(desk):
    jobs = desk.ledger.next_jobs([desk.plan], desk.clock.now_us(), 2, (), desk.session)
    gone = [Outcome(job, (Attempt(job.wanted[0].clip, failure(Reason.PRIVATE), "youtube"),)) for job in jobs]
    desk.ledger.record_all(gone, desk.session, desk.clock.now_us(), lambda _reason, _tries: None)
    assert desk.clips == (4, 0, 2)
    desk.sweep(listed(part_0=tar(0, member(1, "damaged"), 2, 3, 4, 5)))
    assert desk.clips == (0, 5, 1)
    assert desk.seer.regains == 1
    assert desk.reasons == {"private": 1}  # what the mirror had of it changes nothing


def test_a_clip_in_several_tars_is_stored_once(desk):
    slow = MediaFault(kind=MediaFaultKind.SLOW, rate_bytes_per_s=20_000)
    mirror = listed(**{f"part_{n}": tar(0, 1, 2, 3, faults=[slow]) for n in range(4)})
    result = desk.sweep(mirror, streams=4)
    assert result.done == 4
    assert [verdict.clip.id for verdict in desk.seer.verdicts].count(clip_id(0)) == 1


def test_replacements_win_whatever_the_order(desk, tmp_path):
    train = Desk(tmp_path / "train", [row(number, split="train") for number in range(3)])
    mirror = listed("400/train", part_0=tar(0, member(1, "cut off"), member(2, "plays, but is another")))
    mirror["400/replacement_for_corrupted_k400.tgz"] = tar(1, 2)
    assert train.sweep(mirror, streams=4).stopped_by is StoppedBy.FINISHED
    assert next(path for path in train.asked if path.endswith("gz")).endswith("k400.tgz")
    assert train.sink.files[f"val/cycling/{clip_id(2)}.mp4"] == clip_id(2).encode()
    train.ledger.close()
    desk.sweep(mirror | listed(part_0=tar(0)))
    assert not any(path.endswith("tgz") for path in desk.asked)  # it holds files of train only


def test_tars_that_are_known_to_hold_nothing_wanted_are_not_asked_for(desk):
    mirror = listed(part_0=tar(90, 91), part_1=tar(0), part_2=tar(92))
    desk.sweep(mirror)
    desk.session = desk.new_session()
    index = TarIndex(desk.directory / "index")
    assert {url.rpartition("/")[2]: listing.ids() for url, listing in index} == {
        "part_0.tar.gz": [clip_id(90), clip_id(91)],
        "part_1.tar.gz": [clip_id(0)],
        "part_2.tar.gz": [clip_id(92)],
    }
    desk.sweep(mirror)
    assert desk.asked == ["400/val/k400_val_path.txt"]


def test_a_tar_that_changed_is_read_to_its_end(desk):
    index = TarIndex(desk.directory / "index")
    index.add(f"{ROOT}/400/val/part_0.tar.gz", '"another content"', [clip_id(0)])
    desk.sweep(listed(part_0=tar(0, 1, 2)))
    assert desk.kept == [0, 1, 2]
    assert len(TarIndex(desk.directory / "index").get(f"{ROOT}/400/val/part_0.tar.gz").ids()) == 3


def test_only_the_tars_of_wanted_classes_are_asked_for(tmp_path):
    desk = Desk(tmp_path, [row(0, "cycling"), row(1, "tai chi")], name="kinetics600")
    mirror = listed("600/val", cycling=tar(0), **{"tai chi": tar(1), "abseiling": tar(2)})
    assert desk.sweep(mirror).done == 2
    assert {path for path in desk.asked if path.endswith("gz")} == {"600/val/cycling.tar.gz", "600/val/tai chi.tar.gz"}
    desk.ledger.close()


def test_a_list_of_no_known_name_is_looked_for_everywhere_and_that_is_said(tmp_path):
    desk = Desk(tmp_path, [row(0), row(1)], name="my list")
    mirror = listed(part_0=tar(0)) | listed("600/val", cycling=tar(1))
    assert desk.sweep(mirror).done == 2
    assert "'my list' does not say which Kinetics it is" in desk.seer.warnings[0]
    assert "--source cvdf:400" in desk.seer.warnings[0]
    assert len(desk.seer.warnings) == 1  # nothing of the versions that were only tried
    desk.ledger.close()


def test_where_to_look_can_be_said(tmp_path):
    desk = Desk(tmp_path, [row(0), row(1)], name="my list")
    mirror = listed(part_0=tar(0)) | listed("600/val", cycling=tar(1))
    assert desk.sweep(mirror, scope=Scope(("600",))).done == 1
    assert desk.seer.warnings == ["clips in none of the mirror's tars: 1"]
    assert all(path.startswith("600/") for path in desk.asked)
    desk.ledger.close()


def test_the_clips_of_a_session_can_be_limited(desk):
    mirror = listed(part_0=tar(0, 1, 2), part_1=tar(3, 4, 5))
    result = desk.sweep(mirror, conduct=Conduct(max_clips=4))
    assert (result.stopped_by, result.done) == (StoppedBy.LIMIT, 4)
    assert desk.clips == (2, 4, 0)
    assert desk.reasons == {}
    assert desk.sweep(mirror).stopped_by is StoppedBy.FINISHED


def test_the_time_of_a_session_can_be_limited(desk):
    result = desk.sweep(listed(part_0=tar(0, 1, 2)), conduct=Conduct(until_us=desk.clock.now_us()))
    assert (result.stopped_by, result.done) == (StoppedBy.LIMIT, 0)


def test_a_full_disk_ends_the_sweep_and_costs_no_clip(desk):
    class FullSink(MemorySink):
        def put(self, path: str, data: bytes) -> None:
            if len(self.files) == 2:
                raise ClipsetError(failure(Reason.DISK_FULL, "no space left"))
            super().put(path, data)

    desk.sink = FullSink()
    result = desk.sweep(listed(part_0=tar(0, 1, 2, 3), part_1=tar(4, 5)), streams=1)
    assert (result.stopped_by, result.done) == (StoppedBy.FAILURE, 2)
    assert result.failure.detail == "no space left"
    assert len(desk.asked) == 2
    desk.sink = MemorySink()
    desk.session = desk.new_session()
    assert desk.clips == (4, 2, 0)
    assert desk.sweep(listed(part_0=tar(0, 1, 2, 3), part_1=tar(4, 5))).stopped_by is StoppedBy.FINISHED


def test_a_stop_ends_the_sweep_with_the_clip_at_hand_and_the_next_goes_on_from_there(desk):
    class Stopping(Seer):
        def recorded(self, verdict: Attempt, node: str = "") -> None:
            super().recorded(verdict)
            desk.drain.set()

    slow = MediaFault(kind=MediaFaultKind.SLOW, rate_bytes_per_s=100_000)
    members = (member(0), TarMember(name="filler", kind=MemberKind.ZEROS, size_bytes=600_000), member(1))
    packed = Tarball(members=members, form=TarForm.PLAIN)
    mirror = listed(part_0=MirrorFile(tar=packed, faults=(slow,)))
    desk.seer = Stopping()
    assert desk.sweep(mirror, streams=1).stopped_by is StoppedBy.INTERRUPT
    assert desk.clips == (5, 1, 0)
    assert desk.reasons == {}
    desk.drain.clear()
    desk.seer = Seer()
    assert desk.sweep(listed(part_0=tar(0, 1, 2, 3, 4, 5)), streams=1).done == 5
    assert clip_id(0) not in {verdict.clip.id for verdict in desk.seer.verdicts}


DOWN = {
    "unreachable": MediaFault(kind=MediaFaultKind.RESET),
    "out of order": MediaFault(kind=MediaFaultKind.STATUS, status=503),
    "forbidden": MediaFault(kind=MediaFaultKind.STATUS, status=403),
}


@pytest.mark.parametrize("how", DOWN)
def test_a_mirror_that_is_down_is_one_plain_warning(how, desk):
    files = {"400/val/k400_val_path.txt": MirrorFile(text="x", faults=(DOWN[how],))}
    result = desk.sweep(files)
    assert (result.stopped_by, result.done) == (StoppedBy.NOT_DUE, 0)
    assert len(desk.seer.warnings) == 1
    assert "the run goes on without it" in desk.seer.warnings[0]
    assert desk.reasons == {}


def test_a_mirror_that_goes_down_is_given_up_after_some_tars(desk):
    down = [MediaFault(kind=MediaFaultKind.RESET)]
    parts = {f"part_{n:02d}": tar(90 + n, faults=down) for n in range(20)}
    desk.sweep(listed(part_0=tar(0), **parts), streams=2)
    assert desk.kept == [0]
    assert 3 <= sum(path.endswith("gz") for path in desk.asked) - 1 <= 6  # of twenty, with two streams
    assert sum("does not answer any more" in warning for warning in desk.seer.warnings) == 1
    assert desk.reasons == {}  # what is in the other tars is not known


def test_one_bad_tar_costs_its_own_clips(desk):
    bad = MirrorFile(text="<html>" * 1000)
    result = desk.sweep(listed(part_0=bad, part_1=tar(0, 1)))
    assert (result.stopped_by, result.done) == (StoppedBy.NOT_DUE, 2)
    assert desk.seer.warnings == ["400/val/part_0.tar.gz: it is no tar; the run goes on without the rest of this tar"]
    assert TarIndex(desk.directory / "index").get(f"{ROOT}/400/val/part_0.tar.gz") is None


def test_members_that_were_refused_are_reported_once_a_tar(desk):
    traps = [
        TarMember(name=f"../{clip_id(0)}.mp4", kind=MemberKind.TEXT, text="x"),
        *(TarMember(name=f"l{n}", kind=MemberKind.SYMLINK, text="/etc/passwd") for n in range(5)),
    ]
    desk.sweep(listed(part_0=tar(*traps, 0)))
    warning = desk.seer.warnings[0]
    assert warning.startswith(
        f"400/val/part_0.tar.gz: 6 members not taken: ../{clip_id(0)}.mp4 (a path that leads out)"
    )
    assert warning.endswith(", …")


def test_a_tar_of_endless_names_costs_no_memory(desk, monkeypatch):
    monkeypatch.setattr("clipset.sweep.streaming.MEMBERS_MAX", 3)
    desk.sweep(listed(part_0=tar(90, 91, 92, 93, 0)))
    assert desk.kept == [0]
    assert list(TarIndex(desk.directory / "index")) == []


def test_a_bug_in_a_stream_ends_the_run(desk):
    class BrokenSink(MemorySink):
        def put(self, path: str, data: bytes) -> None:
            raise ZeroDivisionError

    desk.sink = BrokenSink()
    with pytest.raises(ZeroDivisionError):
        desk.sweep(listed(part_0=tar(0)))


def test_the_progress_adds_up(desk):
    desk.sweep(listed(part_0=tar(0, 1, 2, 3, 4), part_1=tar(5)))
    for view in desk.seer.views:
        assert view.tars_done <= view.tars <= 2
    total = sum(verdict.cost.fetched_bytes for verdict in desk.seer.verdicts)
    assert 0 < total <= desk.sent_bytes
