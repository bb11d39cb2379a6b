"""`clipset simulate` as a user types it: worlds, pictures, how long a dataset takes, and every mistake in one line."""

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("simpy")

from clipset.cli import main
from clipset.simulate import fleet, shipped_worlds
from clipset.simulate.choice import find_world
from clipset.simulate.world import World

TINY = "limit = 40\nhorizon_h = 30\nvideos = 5000\n"
KEYS = ["ok", "refused", "refused_while_blocked", "cool_downs", "oracle_ok", "share_of_oracle", "hours"]
LIST = """label,youtube_id,time_start,time_end,split
a,abcdefghijk,0,10,val
a,abcdefghijk,20,30,val
b,-bcdefghijk,5,15,val
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working directory with one world in it, no datasets of the user's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "tiny.toml").write_text(TINY)
    return tmp_path


def printed(capsys, *words) -> list[dict]:
    assert main(["simulate", *words, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_one_policy_and_one_seed_are_one_object_with_the_keys_of_the_contract(capsys):
    (found,) = printed(capsys, "tiny.toml", "--policy", "auto")
    assert list(found) == ["world", "policy", "seed", *KEYS]
    assert (found["world"], found["policy"], found["seed"]) == ("tiny", "auto", 0)
    assert found["oracle_ok"] == 1200
    assert 900 < found["ok"] <= 1200


def test_the_policy_of_who_names_none_is_the_documented_one(capsys):
    assert printed(capsys, "tiny.toml") == printed(capsys, "tiny.toml", "--policy", "documented")


def test_several_policies_and_seeds_are_a_line_each(capsys):
    found = printed(
        capsys,
        "tiny.toml",
        "--policy",
        "aimd",
        "--policy",
        "fixed:30",
        "--policy",
        "aimd",
        "--seeds",
        "2",
        "--seed",
        "5",
    )
    assert [(line["policy"], line["seed"]) for line in found] == [
        ("aimd", 5), ("aimd", 6), ("fixed:30", 5), ("fixed:30", 6),
    ]  # fmt: skip
    assert found[2]["refused"] == 0


def test_the_seed_of_the_file_counts_unless_another_is_given(here, capsys):
    (here / "tiny.toml").write_text(TINY + "seed = 3\n")
    assert [printed(capsys, "tiny.toml", *words)[0]["seed"] for words in ([], ["--seed", "0"])] == [3, 0]


def test_for_people_one_run_is_told_and_several_are_compared(capsys):
    assert main(["simulate", "tiny.toml"]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("tiny, policy documented, seed 0", "finished", "while blocked", "cool-downs"))
    assert main(["simulate", "tiny.toml", "--policy", "auto", "--policy", "aimd", "--seeds", "2"]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("auto", "aimd", "least", "2 seeds"))


def test_every_shipped_world_can_be_named_and_a_file_of_that_name_stands_in_for_it(here, capsys):
    assert all(find_world(world.name) == world for world in shipped_worlds())
    (here / "cloud").mkdir()
    assert printed(capsys, "cloud", "--policy", "reference")[0]["hours"] == 336
    (here / "cloud").rmdir()
    (here / "cloud").write_text(TINY)
    assert printed(capsys, "cloud", "--policy", "reference")[0]["hours"] == 30


ODD_WORLDS = {
    "nothing but a horizon": ("horizon_h = 2", 600),
    "whole numbers as floats": ("limit = 40.0\nvideos = 5e1\nhorizon_h = 30.5\nseed = 1.0", 50),
    "a status as a number, a count as a float": (
        "limit = 20\nhorizon_h = 30\nanswer = 429\negresses = 2.0\nseed = -3",
        1200,
    ),
    "the words of a refusal": ("limit = 40\nhorizon_h = 30\nanswer = 'HTTP Error 429: Too Many Requests'", 1200),
    "a byte order mark": ("\ufefflimit = 40\nhorizon_h = 30", 1200),
    "lines of Windows": ("limit = 40\r\nhorizon_h = 30\r\n", 1200),
    "several egresses by number": ("limit = 20\nhorizon_h = 30\negresses = 2", 1200),
    "several egresses as tables": ("limit = 20\nhorizon_h = 30\n[[egresses]]\n[[egresses]]\nwindow_s = 1800", 1800),
    "changes as tables": ("limit = 40\nhorizon_h = 30\n[[changes]]\nat_h = 15\nlimit = 20\n", 900),
}


@pytest.mark.parametrize("kind", ODD_WORLDS)
def test_a_world_may_be_written_in_many_ways(kind, here, capsys):
    text, possible = ODD_WORLDS[kind]
    (here / "odd.toml").write_bytes(text.encode())
    (found,) = printed(capsys, "odd.toml", "--policy", "auto")
    assert found["oracle_ok"] == pytest.approx(possible, abs=40)


BAD_WORLDS = {
    "no TOML": ("limit = = 3", "no TOML"),
    "no text": (b"\xff\xfe\x00", "UTF-8"),
    "nested without end": ("limit = " + "[" * 5000, "nested"),
    "a mistyped key": ("limt = 3", "did you mean limit?"),
    "a mistyped key of a change": ("changes = [{ at_h = 1, limt = 3 }]", "did you mean limit?"),
    "changes that are no list": ("changes = { at_h = 1, limit = 3 }", "[[changes]]"),
    "changes that are numbers": ("changes = [3]", "list of tables"),
    "errors without their length": ("errors = [{ every_h = 1 }]", "for_s"),
    "egresses that are numbers": ("egresses = [3]", "list of tables"),
    "too many egresses": ("egresses = 1000000000", "100,000"),
    "a negative limit": ("limit = -1", "limit is a number from 1"),
    "no number": ("videos = nan", "videos is a number"),
    "an answer of nobody": ("answer = 'no'", "429"),
}


@pytest.mark.parametrize("kind", BAD_WORLDS)
def test_a_world_that_makes_no_sense_is_one_line_with_the_name_of_its_file(kind, here, capsys):
    text, hint = BAD_WORLDS[kind]
    (here / "bad.toml").write_bytes(text.encode() if isinstance(text, str) else text)
    assert main(["simulate", "bad.toml"]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("clipset: bad.toml ")
    assert hint in said.err
    assert said.err.count("\n") == 1
    assert not said.out


MISTAKES = {
    "neither world nor dataset": ([], "name a world"),
    "both": (["tiny.toml", "--dataset", "kinetics700"], "name a world"),
    "an unknown world": (["gest"], "did you mean guest?"),
    "no such file": (["mars.toml"], "no such file"),
    "a directory": (["."], "cannot be read"),
    "an unknown policy": (["tiny.toml", "--policy", "documentd"], "did you mean documented?"),
    "a fixed policy without a number": (["tiny.toml", "--policy", "fixed:many"], "a number of videos an hour"),
    "a fixed policy of nothing": (["tiny.toml", "--policy", "fixed:0"], "between 0.1/h"),
    "no seed": (["tiny.toml", "--seeds", "0"], "--seeds"),
    "an egress with a world": (["tiny.toml", "--egress", "guest"], "--dataset"),
    "a picture of no known form": (["tiny.toml", "--picture", "w.gif"], ".svg"),
    "a picture into nowhere": (["tiny.toml", "--picture", "no/w.svg"], "no directory"),
    "an unknown dataset": (["--dataset", "kinetcs700"], "did you mean kinetics700"),
    "a list that is not there": (["--dataset", "nowhere.csv"], "nowhere.csv"),
    "an unknown egress": (["--videos", "9", "--egress", "gest:2"], "did you mean guest?"),
    "no egress": (["--videos", "9", "--egress", "guest:0"], "from 1"),
    "too many egresses": (["--videos", "9", "--egress", "guest:1000000"], "100,000"),
    "no video": (["--videos", "0"], "--videos"),
    "clips and videos": (["--dataset", "kinetics700", "--videos", "1", "--clips", "1"], "not both"),
    "seeds of a dataset": (["--videos", "9", "--seeds", "2"], "--seeds"),
    "a policy that never finishes": (["--videos", "9", "--policy", "none"], "writes refused videos off"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_plain_line_exit_2_and_nothing_written(mistake, here, capsys):
    words, hint = MISTAKES[mistake]
    assert main(["simulate", *words]) == 2
    said = capsys.readouterr()
    assert hint in said.err
    assert said.err.startswith("clipset: ")
    assert said.err.count("\n") == 1
    assert [path.name for path in here.iterdir()] == ["tiny.toml"]


def test_without_simpy_the_extra_is_named(monkeypatch, capsys):
    for name in [name for name in sys.modules if name.startswith(("clipset.simulate", "clipset.cli.simulate"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "clipset.cli.how_long", raising=False)
    monkeypatch.setitem(sys.modules, "simpy", None)
    assert main(["simulate", "tiny.toml"]) == 2
    assert "clipset[simulate]" in capsys.readouterr().err


def test_without_altair_the_extra_is_named_before_anything_is_simulated(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "altair", None)
    assert main(["simulate", "tiny.toml", "--picture", "w.svg"]) == 2
    said = capsys.readouterr()
    assert "clipset[report]" in said.err
    assert not said.out


def test_an_interrupted_simulation_says_so_and_is_exit_3(monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("clipset.cli.simulate.run_simulation", interrupted)
    assert main(["simulate", "tiny.toml"]) == 3
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "first_bytes"), [("w.svg", b"<svg"), ("w.png", b"\x89PNG"), ("w.html", b"<!DOCTYPE html>")]
)
def test_a_picture_is_drawn_in_the_form_of_its_name(name, first_bytes, here, capsys):
    pytest.importorskip("altair")
    pytest.importorskip("vl_convert")
    assert main(["simulate", "tiny.toml", "--policy", "auto", "--policy", "reference", "--picture", name]) == 0
    content = (here / name).read_bytes()
    assert content.lstrip().startswith(first_bytes)
    assert sorted(path.name for path in here.iterdir()) == sorted(["tiny.toml", name])
    if name == "w.svg":
        assert all(
            text in content.decode() for text in ("tiny, policy auto", "policy reference", "videos an hour", "hours")
        )


def test_how_long_a_list_takes_counts_its_videos_once(here, capsys):
    (here / "list.csv").write_text(LIST)
    (found,) = printed(capsys, "--dataset", "list.csv", "--egress", "tiny.toml")
    assert (found["videos"], found["policy"], found["extrapolated"]) == (2, "documented", False)


def test_how_long_part_of_a_dataset_takes_counts_as_many_videos_to_a_clip(here, capsys):
    (here / "list.csv").write_text(LIST)
    (found,) = printed(capsys, "--dataset", "list.csv", "--clips", "300", "--egress", "tiny.toml:10")
    assert found["videos"] == 200


def test_how_long_a_dataset_of_the_catalogue_takes(capsys):
    (found,) = printed(capsys, "--dataset", "kinetics700", "--egress", "cloud:100000", "--policy", "reference")
    assert found["dataset"] == "kinetics700"
    assert 600_000 < found["videos"] < 660_000
    assert found["egresses"][0]["count"] == 100_000


def test_egresses_of_several_kinds_share_the_videos(capsys):
    words = ["--videos", "3000", "--policy", "fixed:30", "--egress", "tiny.toml:2", "--egress", "cloud"]
    (found,) = printed(capsys, *words)
    tiny, cloud = found["egresses"]
    assert tiny["videos"] + cloud["videos"] == pytest.approx(3000, abs=2)
    assert (tiny["count"], tiny["refused"]) == (2, 0)
    assert cloud["refused"] > 0
    assert found["days"] == pytest.approx((3000 - cloud["videos"]) / 60 / 24, rel=0.02)
    assert found["finished_on"] is not None
    assert found["videos_per_hour"] == pytest.approx(3000 / 24 / found["days"], rel=0.01)


def test_how_long_is_told_to_people(capsys):
    assert main(["simulate", "--videos", "900", "--egress", "tiny.toml:3", "--egress", "cloud"]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("900, policy documented", "finished  in ", "an hour", "3 x tiny", "1 x cloud"))


def finish(videos: int, *kinds: fleet.Kind, policy: str = "fixed:30") -> fleet.Finish:
    return fleet.time_to_finish(kinds, videos, policy, starting=lambda _: None)


WORLD = World.from_toml(TINY)


def test_the_horizon_is_extended_until_all_videos_are_done():
    found = finish(6000, fleet.Kind(WORLD, 1))
    assert found.hours == pytest.approx(200, rel=0.01)
    assert not found.is_extrapolated


def test_what_is_too_much_to_simulate_is_extrapolated_and_said_so(monkeypatch):
    monkeypatch.setattr(fleet, "MOST_REQUESTS", 3000)
    found = finish(60_000, fleet.Kind(WORLD, 1))
    assert found.hours == pytest.approx(2000, rel=0.01)
    assert found.is_extrapolated
    assert found.simulated_h <= 101
    assert sum(part.videos for part in found.parts) == pytest.approx(60_000, abs=2)


def test_what_takes_more_than_a_century_has_no_end(monkeypatch, capsys):
    monkeypatch.setattr(fleet, "MOST_REQUESTS", 3000)
    assert finish(10**9, fleet.Kind(WORLD, 1)).hours is None
    assert main(["simulate", "--videos", "1000000000", "--egress", "tiny.toml"]) == 0
    assert "not within 100 years" in capsys.readouterr().out
    (found,) = printed(capsys, "--videos", "1000000000", "--egress", "tiny.toml")
    assert (found["days"], found["finished_on"], found["extrapolated"]) == (None, None, True)


def test_many_egresses_of_a_kind_are_counted_in_proportion():
    few, many = finish(3000, fleet.Kind(WORLD, 3)), finish(300_000, fleet.Kind(WORLD, 300))
    assert many.hours == pytest.approx(few.hours, rel=0.02)
    assert many.parts[0].kind.egresses == 300


def test_the_scripts_pictures_are_there_and_small():
    folder = Path(__file__).parents[2] / "docs" / "images" / "worlds"
    sizes = {path.stem: path.stat().st_size for path in folder.glob("*.svg")}
    assert set(sizes) == {world.name for world in shipped_worlds()}
    assert max(sizes.values()) < 60_000
