"""A ledger with the aggregates of the reference run (Kinetics-700, 2019), at full scale or smaller, row by row.

Its times are synthetic with the means and fences of the run's table: `TIMES` are (clips, download s, ffmpeg s).
"""

import json
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path

from clipset.ledger import Ledger

S = 1_000_000
START_US = 1_570_000_000 * S
WANTED, DONE, FAILED = 646_984, 631_604, 15_380
FILES = {"train": 540_461, "test": 65_253, "val": 38_168}  # more than clips: 12,278 are named twice
REASONS = {
    "unavailable": 10_696,
    "age_restricted": 2_451,
    "not_found": 943,
    "copyright": 672,
    "removed_by_uploader": 337,
    "tool_failure": 144,
    "terms_of_service": 134,
    "duplicate": 2,
    "server_error": 1,
}
SESSIONS = (136_963, 74_071, 54_527, 29_689, 11_757, 259, 55, 4)
STORED_BYTES = round(628.43 * (1 << 30))
TIMED, TRIM_DOMINATES = 298_651, 4_992
CLASSES = 699
_HOSTILE = '<script>alert("x")</script>'


def times(timed: int = TIMED) -> Iterator[tuple[int, int]]:
    """(download_us, ffmpeg_us) of each timed clip: means 21.47 s and 2.05 s, inside the fences 9.58 s and 1.2 s.

    The slow tenth lies outside both fences; 2 % of the others spend as long or longer in ffmpeg, once in 60 a tie.
    """
    slow = timed // 10
    ties = round(timed * TRIM_DOMINATES / TIMED)
    core = timed - slow
    quick, middle, tail = round(timed * 0.27), round(timed * 0.46), 0
    tail = core - quick - middle
    long_us = 20_500_000
    middle_us = round((9_580_000 * core - ties * 1_200_000 - (quick - ties) * 3_000_000 - tail * long_us) / middle)
    total_core_us = ties * 1_200_000 + (quick - ties) * 3_000_000 + middle * middle_us + tail * long_us
    slow_us = round((21_470_000 * timed - total_core_us) / slow)
    slow_trim_us = round((2_050_000 * timed - 1_200_000 * core) / slow)
    yield from repeat((1_200_000, 1_200_000), ties)
    trims = ((900_000, 1_500_000)[number % 2] for number in range(core - ties))
    downloads = chain(repeat(3_000_000, quick - ties), repeat(middle_us, middle), repeat(long_us, tail))
    yield from zip(downloads, trims, strict=True)
    yield from repeat((slow_us, slow_trim_us), slow)


def scaled(count: int, divisor: int) -> int:
    return max(1, count // divisor)


class ReferenceRun:
    """Counts of the run divided by `divisor`, and the ledger that has them."""

    def __init__(self, divisor: int = 1) -> None:
        self.reasons = {reason: scaled(count, divisor) for reason, count in REASONS.items()}
        self.files = {split: scaled(count, divisor) for split, count in FILES.items()}
        self.sessions = [scaled(count, divisor) for count in SESSIONS]
        self.done = scaled(DONE, divisor)
        self.timed = scaled(TIMED, divisor)
        self.failed = sum(self.reasons.values())
        self.wanted = self.done + self.failed
        self.stored_bytes = STORED_BYTES // divisor

    def write(self, directory: Path) -> None:
        Ledger.open(directory).close()
        with Ledger.open(directory) as ledger:
            ledger._connection.execute("PRAGMA foreign_keys = OFF")
            ledger._connection.execute("BEGIN")
            self._fill(ledger._connection.execute, ledger._connection.executemany)
            ledger._connection.execute("COMMIT")

    def _fill(self, execute, executemany) -> None:
        execute("INSERT INTO dataset VALUES (1, 'kinetics700')")
        execute(
            "INSERT INTO plan VALUES (1, 'kinetics700.csv', ?, '{}', 'exact-h360', 1, ?, 0)", ("ab" * 32, self.wanted)
        )
        executemany("INSERT INTO session VALUES (?, ?, ?, ?, ?, '{}', ?, ?, 0, ?, NULL)", self._sessions())
        executemany("INSERT INTO video VALUES (?, ?, 1)", ((key, f"v{key:010d}") for key in range(1, self.wanted + 1)))
        executemany("INSERT INTO clip VALUES (?, ?, 0, 10000000, ?, ?, 1, ?, 0, ?, ?, 0)", self._clips())
        executemany(
            "INSERT INTO attempt VALUES (?, ?, ?, 1, ?, 1, ?, ?, 'yt-dlp', ?, ?, NULL, ?, ?, ?, ?, ?, ?, '', NULL)",
            self._attempts(),
        )
        executemany(
            "INSERT INTO stored VALUES (?, 'p', ?, 's', ?, ?, 30000, 1001, 300, ?, 'h264', 'aac', '18')", self._stored()
        )
        executemany("INSERT INTO annotation VALUES (?, 1, ?, ?, 1, ?, ?, '', 0)", self._annotations())

    def _sessions(self):
        tools = json.dumps({"clipset": "0.1.0", "yt-dlp": "2026.8.19"})
        end_us = START_US
        for key, clips in enumerate(self.sessions, 1):
            start_us, end_us = end_us + 86_400 * S, end_us + 86_400 * S + clips * S
            yield key, start_us, end_us, "throttle", tools, end_us, clips, clips * 2000
        yield len(self.sessions) + 1, end_us + S, end_us + 3601 * S, "finished", tools, end_us, self.done, 0

    def _placed(self) -> Iterator[tuple[int, int]]:
        """(session, time) of each clip that is done: those of the sessions, then those that were adopted."""
        last = len(self.sessions) + 1
        rows = list(self._sessions())
        for key, clips in enumerate(self.sessions, 1):
            for number in range(clips):
                yield key, rows[key - 1][1] + number * S
        for _ in range(self.done - sum(self.sessions)):
            yield last, rows[-1][2]

    def _clips(self):
        for key, (session, at_us) in enumerate(self._placed(), 1):
            yield key, key, "done", None, at_us, session, key
        for key, reason in enumerate(self._failures(), self.done + 1):
            yield key, key, "lost", reason, START_US, 1, key

    def _label(self, key: int) -> str:
        """The last clip, a lost one, has a class of its own, which a stranger named."""
        return _HOSTILE if key == self.wanted else f"class {key % CLASSES}"

    def _failures(self) -> Iterator[str]:
        return chain.from_iterable(repeat(reason, count) for reason, count in self.reasons.items())

    def _attempts(self):
        """The sample of times is smaller than the sessions: the last ones fetched have none."""
        fetched = sum(self.sessions)
        timed = times(self.timed)
        for key, (session, at_us) in enumerate(self._placed(), 1):
            download_us, trim_us = next(timed, (0, 0)) if key <= fetched else (0, 0)
            source, egress = ("youtube", "direct") if key <= fetched else ("adopt", "")
            total_us = download_us + trim_us
            yield key, key, session, at_us, source, egress, None, None, None, download_us, trim_us, total_us, 2000, 3
        for key, reason in enumerate(self._failures(), self.done + 1):
            yield key, key, 1, START_US, "youtube", "direct", reason, "resolve", _HOSTILE, 0, 0, 0, 0, 1
        for number, (session, _, stopped_us, *_) in enumerate(list(self._sessions())[:-1], 1):
            refusal = ("youtube", "direct", "throttled", "resolve", "HTTP Error 429: Too Many Requests")
            yield self.wanted + number, self.wanted, session, stopped_us, *refusal, 0, 0, 0, 0, 1

    def _stored(self):
        each, rest = divmod(self.stored_bytes, self.done)
        for key in range(1, self.done + 1):
            width_px, height_px = ((640, 360), (480, 360), (202, 360))[key % 7 // 3]
            yield key, each + (key <= rest), width_px, height_px, (10_010_000, 8_500_000)[key % 9 == 0]

    def _annotations(self):
        """The splits' files one after the other over the clips; from the first clip again when all are named."""
        splits = chain.from_iterable(repeat(split, count) for split, count in self.files.items())
        position = 0
        for position, split in enumerate(splits, 1):
            key = (position - 1) % self.done + 1
            yield key, split, self._label(key), position, ""
        for key in range(self.done + 1, self.wanted + 1):
            yield key, "train", self._label(key), position + key, ""
