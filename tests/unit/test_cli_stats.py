"""What the finished clips of a dataset are like, in words, as JSON and as a table."""

import csv
import json
from fractions import Fraction

import pytest

from clipset.cli import main
from clipset.cli.stats import duration_text
from clipset.ledger import Ledger, PlanHeader
from clipset.ledger.facts import clip_facts
from clipset.reasons import Reason
from clipset.types import US_PER_S, Annotation, Attempt, Facts, Failure, Outcome, Stage, Stored

NTSC = Fraction(30_000, 1001)
MADE = [  # size, rate, seconds, video and sound, source
    ((640, 360), NTSC, 10.01, ("h264", "aac"), "youtube"),
    ((640, 360), NTSC, 10.01, ("h264", "aac"), "youtube"),
    ((640, 360), Fraction(25), 10, ("h264", None), "adopt"),
    ((202, 360), Fraction(2997, 100), 9.9, ("h264", "aac"), "youtube"),
    ((480, 360), Fraction(14_985, 1000), 4.2, ("vp9", "opus"), "a\x1b[31mred\nsource"),
    ((8192, 4352), Fraction(240), 4000, ("h264", "aac"), "=1+1"),
]


def recorded(directory, made):
    rows = [Annotation(f"video{number:06d}", 0, 10 * US_PER_S, "val", "x") for number in range(len(made) + 1)]
    with Ledger.open(directory) as ledger:
        plan = ledger.load(
            PlanHeader("list", "0" * 64, "{}", "exact-h360", "d"), rows, lambda row: f"{row.video_id}.mp4"
        )
        session = ledger.start_session(1, "{}", "{}")
        for number, job in enumerate(ledger.next_jobs([plan.plan_id], 1, 1000, (), session)):
            result, source = Failure(Reason.PRIVATE, "private", Stage.RESOLVE), "youtube"
            if number < len(made):
                (width, height), rate, seconds, codecs, source = made[number]
                facts = Facts(width, height, rate, round(seconds * rate), round(seconds * US_PER_S), *codecs)
                result = Stored(job.wanted[0].paths[0], 1000, "a" * 64, facts)
            ledger.record(Outcome(job, (Attempt(job.wanted[0].clip, result, source),)), session, 1, lambda *_: None)
    return directory


@pytest.fixture
def dataset(tmp_path):
    return recorded(tmp_path / "dataset", MADE)


def test_every_done_clip_is_counted_once_in_each_histogram(dataset, capsys):
    assert main(["stats", str(dataset), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == {
        "clips": 6,
        "duration_s": pytest.approx(10.01 * 2 + 10 + 9.9 + 4.2 + 4000),
        "frames": 300 + 300 + 250 + 297 + 63 + 960_000,
        "bytes": 6000,
        "resolutions": {"640x360": 3, "202x360": 1, "480x360": 1, "8192x4352": 1},
        "frame_rates": {"14.99": 1, "25": 1, "29.97": 3, "240": 1},
        "durations": {"4-5 s": 1, "10 s": 4, "5 min and more": 1},
        "video_codecs": {"h264": 5, "vp9": 1},
        "audio_codecs": {"aac": 4, "none": 1, "opus": 1},
        "sources": {"youtube": 3, "=1+1": 1, "a\x1b[31mred\nsource": 1, "adopt": 1},
    }


def test_on_the_terminal_the_numbers_stand_in_columns_and_no_text_acts(dataset, capsys):
    assert main(["stats", str(dataset)]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert said.startswith("6 clips, ")
    lines = [line.rstrip() for line in said.splitlines()]
    (row,) = (line for line in lines if line.split()[:1] == ["640x360"])
    assert row.split()[1:4] == ["3", "50.0", "%"]
    block = lines[next(n for n, line in enumerate(lines) if "frame rates" in line) :][:5]
    assert len({line.index("%") for line in block[1:]}) == 1


def test_the_values_that_few_clips_have_are_counted_together(tmp_path, capsys):
    few = [((320 + 2 * number, 240), Fraction(25), 10, ("h264", "aac"), "youtube") for number in range(30)]
    recorded(tmp_path, [few[0]] * 5 + few)
    assert main(["stats", str(tmp_path)]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["18", "others", "18", "51.4", "%"] in lines


def test_the_table_has_a_row_for_each_value_that_a_spreadsheet_can_open(dataset, tmp_path):
    assert main(["stats", str(dataset), "--csv", str(tmp_path / "stats.csv")]) == 0
    with (tmp_path / "stats.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"what": "durations", "value": "10 s", "clips": "4", "share": "0.666667"} in rows
    assert [row["value"] for row in rows if row["what"] == "sources"] == [
        "youtube",
        "'=1+1",
        "a\\x1b[31mred / source",
        "adopt",
    ]
    assert sum(int(row["clips"]) for row in rows) == 6 * 6


def test_of_a_dataset_without_a_finished_clip_there_is_nothing_to_show(tmp_path, capsys):
    recorded(tmp_path, [])
    assert main(["stats", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "0 clips, 0 s, 0 frames, 0 B\n"


@pytest.mark.parametrize(
    ("duration_us", "text"),
    [
        (1, "0 s"),
        (100_000, "0 s"),
        (100_001, "0-1 s"),
        (899_999, "0-1 s"),
        (900_000, "1 s"),
        (9_899_999, "9-10 s"),
        (9_900_000, "10 s"),
        (10_100_000, "10 s"),
        (10_100_001, "10-11 s"),
        (19_999_999, "20-30 s"),
        (59_800_000, "30-60 s"),
        (60_000_000, "1-5 min"),
        (10**12, "5 min and more"),
    ],
)
def test_a_duration_within_a_tenth_of_a_whole_second_counts_as_that(tmp_path, duration_us, text):
    recorded(tmp_path, [((640, 360), Fraction(25), Fraction(duration_us, US_PER_S), ("h264", "aac"), "youtube")])
    with Ledger.read(tmp_path) as ledger:
        (number,) = clip_facts(ledger).durations
    assert duration_text(number) == text
