"""What the pictures of docs/images show: a run in the middle of its work, and clips that play. All of it is made up.

The run is a ledger with plausible numbers: it takes seconds to write and would take hours to fetch. The clips come from
the offline YouTube.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from clipset.clock import SystemClock
from clipset.ledger import EgressRow, Ledger, PlanHeader
from clipset.reasons import Reason, rules
from clipset.rehearsal import Scenario, Video
from clipset.types import Annotation, Attempt, Cost, Facts, Failure, Outcome, Stage, Stored, VideoJob

S = 1_000_000
CLASSES = (
    "abseiling", "air drumming", "archery", "arm wrestling", "baking cookies", "barbequing", "beatboxing",
    "bench pressing", "blowing out candles", "bookbinding", "bowling", "breakdancing", "brushing teeth",
    "canoeing or kayaking", "capoeira", "catching or throwing frisbee", "cheerleading", "chopping wood",
    "clapping", "climbing a rope", "crawling baby", "dancing ballet", "decorating the christmas tree",
    "digging", "dribbling basketball", "drinking beer", "driving car", "feeding birds", "flying kite",
    "folding napkins", "gargling", "golf putting", "grooming dog", "hurdling", "ice skating", "javelin throw",
    "juggling balls", "jumping into pool", "knitting", "laughing", "massaging person's head", "milking cow",
    "moving furniture", "opening present", "parkour", "playing guitar", "pull ups", "riding unicycle",
    "shearing sheep", "side kick", "skydiving", "snorkeling", "tai chi", "tap dancing",
    "tying knot (not on a tie)", "unboxing", "washing dishes", "water skiing", "yoga", "zumba",
)  # fmt: skip
# out of a thousand videos
LOSSES = {
    Reason.UNAVAILABLE: 60, Reason.PRIVATE: 34, Reason.ACCOUNT_TERMINATED: 25, Reason.REMOVED_BY_UPLOADER: 17,
    Reason.AGE_RESTRICTED: 9, Reason.COPYRIGHT: 7, Reason.GEO_BLOCKED: 2, Reason.TOO_SHORT: 1,
}  # fmt: skip
SPLITS = {"train": 3_600, "val": 700, "test": 500}
EARLIER, SO_FAR, LATELY = (
    900,
    2_120,
    100,
)  # clips: of the first session, of both ways out, of the one that still answers
_EACH_S, _ALONE_S = 6.9, 13.7  # about 260 videos an hour for each way out
_DIRECT, _PROXY = "direct", "proxy 1"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@contextmanager
def run_in_the_middle(directory: Path) -> Iterator[None]:
    """A fetch that goes on while this is entered, as far as others can see: it holds the ledger's lock."""
    chance = random.Random(700)  # noqa: S311 - numbers to look at
    header = PlanHeader("kinetics400.csv", "0" * 64, "{}", "exact-h360", "kinetics400")
    now_us = SystemClock().now_us()
    with Ledger.open(directory) as ledger:
        plan = ledger.load(header, _rows(chance), _path_of).plan_id
        count = EARLIER + SO_FAR + LATELY
        first = ledger.start_session(now_us - 20 * 3600 * S, "{}", "{}")
        jobs = ledger.next_jobs([plan], now_us, count, set(), first)
        ends_us = _record(ledger, first, jobs[:EARLIER], now_us - 20 * 3600 * S, _EACH_S, (_DIRECT, _PROXY), chance)
        ledger.stop_session(first, ends_us, "interrupt")
        begin_us = now_us - round((SO_FAR * _EACH_S + LATELY * _ALONE_S) * S)
        second = ledger.start_session(begin_us, "{}", "{}")
        cooled_us = _record(ledger, second, jobs[EARLIER:-LATELY], begin_us, _EACH_S, (_DIRECT, _PROXY), chance)
        _record(ledger, second, jobs[-LATELY:], cooled_us, _ALONE_S, (_DIRECT,), chance)
        ledger.save_egress(EgressRow(_DIRECT, None, 262.0, "{}"))
        ledger.save_egress(EgressRow(_PROXY, cooled_us + 3_600 * S, 180.0, "{}"))
        yield


def _rows(chance: random.Random) -> list[Annotation]:
    """In the order of a list that was shuffled."""
    rows = []
    for split in chance.sample([*SPLITS], k=sum(SPLITS.values()), counts=SPLITS.values()):
        start_us = chance.randrange(180) * S
        name = "".join(chance.choices(_ALPHABET, k=11))
        rows.append(Annotation(name, start_us, start_us + 10 * S, split, chance.choice(CLASSES)))
    return rows


def _path_of(row: Annotation) -> str:
    return f"{row.split}/{row.label.replace(' ', '_')}/{row.clip.id}.mp4"


def _record(
    ledger: Ledger,
    session: int,
    jobs: list[VideoJob],
    begin_us: int,
    each_s: float,
    egresses: tuple[str, ...],
    chance: random.Random,
) -> int:
    """One clip after the other; returns when the last was recorded."""
    at_us = begin_us
    for number, job in enumerate(jobs, 1):
        (want,) = job.wanted
        result, cost = _result(want.paths[0], chance)
        attempt = Attempt(want.clip, result, "youtube", chance.choice(egresses), cost, "yt-dlp 2026.08.19 visionos 18")
        at_us = begin_us + round(number * each_s * S)
        ledger.record(Outcome(job, (attempt,)), session, at_us, lambda *_: None)
    return at_us


def _result(path: str, chance: random.Random) -> tuple[Stored | Failure, Cost]:
    """What became of a clip, and what it took."""
    drawn = chance.randrange(1_000)
    for reason, share in LOSSES.items():
        if drawn < share:
            return Failure(reason, _TEXTS[reason], Stage.RESOLVE), Cost(0.9, 0, 0.9, 41_000, 1)
        drawn -= share
    size_bytes, fetched = chance.randrange(600_000, 1_400_000), chance.randrange(900_000, 2_600_000)
    download_s, trim_s = chance.uniform(3, 14), chance.uniform(1, 3)
    width_px = chance.choice((640, 640, 640, 480, 202))
    facts = Facts(width_px, 360, Fraction(30_000, 1001), 300, 10_010_000, "h264", "aac", "134+140")
    cost = Cost(download_s, trim_s, download_s + trim_s, fetched, 4, round(0.8 * fetched))
    return Stored(path, size_bytes, "ab" * 32, facts), cost


_TEXTS = {line.reason: line.example for line in rules()}


def clips_of_a_class() -> tuple[str, Scenario]:
    """A list and the offline YouTube that has most of it."""
    gone = {"gone-guitar": "removed", "priv-guitar": "private"}
    names = [f"guitar-{number:04d}" for number in range(1, 11)]
    videos = {name: Video(duration_s=18, fps=Fraction(30), itags=(18,)) for name in names}
    rows = [f"playing guitar,{name},{at % 7},{at % 7 + 10},val" for at, name in enumerate([*names, *gone], 1)]
    rows.append(f"strumming guitar,{names[0]},8,18,val")
    text = "\n".join(["label,youtube_id,time_start,time_end,split", *rows, ""])
    return text, Scenario(videos=videos | {name: Video(outcome=outcome) for name, outcome in gone.items()})
