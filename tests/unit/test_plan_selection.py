"""Which annotations of a list are wanted."""

import hashlib
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipset.plan import Seen, Selection, SelectionError, check, parse_shard, select, shard_of
from clipset.types import Annotation, BadRow

unhurried = settings(deadline=None)


def row(video: str, start_s: int = 0, split: str | None = "val", label: str | None = "dancing") -> Annotation:
    return Annotation(video.rjust(11, "-"), start_s * 1_000_000, (start_s + 10) * 1_000_000, split, label)


BAD = BadRow(9, "x", "bad")
LIST = [
    row("a", split="train"),
    row("b", split="validate", label="surfing water"),
    BAD,
    row("a", split="train", label="jumping"),
    row("c", split=None),
    row("d", label=None),
    row("a", start_s=5, split="validation"),
    row("e", split="test"),
    BAD,
]


def chosen(selection: Selection, rows: list[Annotation | BadRow] = LIST) -> list[Annotation | BadRow]:
    return list(select(rows, selection, Seen()))


def test_everything_is_wanted_by_default() -> None:
    assert chosen(Selection()) == LIST


@pytest.mark.parametrize("name", ["val", "validate", "validation", "Val"])
def test_the_three_spellings_of_validation_mean_the_same(name: str) -> None:
    rows = chosen(Selection(splits=frozenset([name])))
    assert [row.split for row in rows if isinstance(row, Annotation)] == ["validate", "val", "validation"]


def test_other_splits_are_exact_and_add_up() -> None:
    rows = chosen(Selection(splits=frozenset(["train", "test"])))
    assert Counter(row.split for row in rows if isinstance(row, Annotation)) == {"train": 2, "test": 1}


def test_labels_are_exact() -> None:
    assert chosen(Selection(labels=frozenset(["surfing water"]))) == [LIST[1], BAD, BAD]


def test_a_limit_counts_distinct_clips_after_the_other_filters() -> None:
    wanted = Selection(splits=frozenset(["train", "val"]), limit=2)
    assert chosen(wanted) == [LIST[0], LIST[1], LIST[3]]


def test_the_second_annotation_of_a_limited_clip_passes_though_it_comes_later() -> None:
    rows = [row("a"), row("b"), row("a", label="jumping"), row("b", start_s=3)]
    assert chosen(Selection(limit=1), rows) == [rows[0], rows[2]]


def test_bad_rows_behind_the_limit_are_nobodys_concern() -> None:
    assert chosen(Selection(limit=3)).count(BAD) == 1


def test_a_limit_holds_over_several_lists() -> None:
    seen = Seen()
    rows = [*select([row("a")], Selection(limit=2), seen), *select([row("b"), row("c")], Selection(limit=2), seen)]
    assert rows == [row("a"), row("b")]


def test_selecting_reads_no_further_than_it_must() -> None:
    rows = iter(LIST)
    next(select(rows, Selection(), Seen()))
    assert next(rows) == LIST[1]


def test_all_that_was_seen_is_counted_wanted_or_not() -> None:
    seen = Seen()
    list(select(LIST, Selection(limit=1), seen))
    assert (seen.rows, seen.bad_rows) == (9, 2)
    assert seen.bad_share == pytest.approx(2 / 9)
    assert seen.splits == {"train", "validate", "val", "validation", "test"}
    assert seen.labels == {"dancing", "surfing water", "jumping"}


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (
            Selection(labels=frozenset(["surfing watter"])),
            "no class 'surfing watter' in the list; did you mean 'surfing water'",
        ),
        (Selection(labels=frozenset(["surfing_water"])), "did you mean 'surfing water'"),
        (Selection(labels=frozenset(["Surfing Water"])), "did you mean 'surfing water'"),
        (
            Selection(labels=frozenset(["zzz", "dancing"])),
            "no class 'zzz' in the list; it has 'dancing', 'jumping', 'surfing water'",
        ),
        (Selection(splits=frozenset(["trian"])), "no split 'trian' in the list; did you mean 'train'"),
    ],
)
def test_a_name_that_does_not_occur_is_refused_with_close_matches(selection: Selection, message: str) -> None:
    seen = Seen()
    list(select(LIST, selection, seen))
    with pytest.raises(SelectionError) as caught:
        check(selection, seen)
    assert message in str(caught.value)


def test_names_that_occur_pass_the_check() -> None:
    selection, seen = Selection(splits=frozenset(["val", "train"]), labels=frozenset(["dancing"])), Seen()
    list(select(LIST, selection, seen))
    check(selection, seen)


def test_a_class_cannot_be_selected_from_a_list_without_labels() -> None:
    with pytest.raises(SelectionError, match="the list names no class"):
        check(Selection(labels=frozenset(["dancing"])), Seen())


def test_a_long_list_of_names_is_cut() -> None:
    with pytest.raises(SelectionError, match=r"it has '000', .*, '011', …$"):
        check(Selection(labels=frozenset(["zzz"])), Seen(labels={f"{n:03d}" for n in range(700)}))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"limit": 0}, "the limit 0 selects nothing"),
        ({"limit": -1}, "the limit -1 selects nothing"),
        ({"labels": frozenset()}, "the list of classes is empty"),
        ({"shard": (0, 4)}, "the shard 0/4 does not exist"),
        ({"shard": (5, 4)}, "the shard 5/4 does not exist"),
    ],
)
def test_a_selection_of_nothing_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SelectionError, match=message):
        Selection(**settings)


@unhurried
@given(st.lists(st.text("abcdefghijk", min_size=11, max_size=11), max_size=30), st.integers(1, 8))
def test_shards_share_out_the_videos(videos: list[str], shards: int) -> None:
    rows = [row(video, start) for video in videos for start in (0, 10)]
    parts = [list(select(rows, Selection(shard=(shard, shards)), Seen())) for shard in range(1, shards + 1)]
    assert Counter(found for part in parts for found in part) == Counter(rows)
    videos_of = [{found.video_id for found in part} for part in parts]
    assert sum(map(len, videos_of)) == len(set(videos))


def test_the_shard_of_a_video_is_what_is_documented() -> None:
    digest = hashlib.sha256(b"--6bJUbfpnQ").digest()
    assert shard_of("--6bJUbfpnQ", 8) == int.from_bytes(digest[:8], "big") % 8 + 1
    assert [shard_of(video, 4) for video in ("--6bJUbfpnQ", "--8YXc8iCt8", "zzzkS3amkWE")] == [4, 1, 3]


def test_shards_are_about_even() -> None:
    sizes = Counter(shard_of(f"{number:011d}", 8) for number in range(8_000))
    assert all(900 < size < 1_100 for size in sizes.values())


def test_a_shard_is_written_as_a_fraction() -> None:
    assert parse_shard("2/8") == (2, 8)


@pytest.mark.parametrize(
    "text", ["", "2", "2/", "/8", "a/b", "2/8/9", "-1/8", "1.5/8", " 2/8", "٢/٨", "1/" + "9" * 5_000]
)
def test_what_is_no_shard_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write I/N, for example 2/8"):
        parse_shard(text)


@pytest.mark.parametrize("text", ["0/8", "9/8", "1/0"])
def test_a_shard_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        parse_shard(text)
