"""Lists from their publisher into the cache: fetched once, resumed, and kept only when they are what they should be."""

import fcntl
import random
import tarfile
import threading

import pytest
from listserver import ListServer, tar, tar_of, zipped

from clipset.catalogue.dataset import parse
from clipset.catalogue.download import ListCache, cache_folder
from clipset.config import UserError
from clipset.types import ClipsetError
from clipset.web import Web

HEADER = b"label,youtube_id,time_start,time_end,split\n"
TRAIN = HEADER + b"juggling,abcdefghijk,0,10,train\n"
VAL = HEADER + b"juggling,bbcdefghijk,0,10,validate\n"
ARCHIVE = "/lists/toy.tar.gz"
TOY = "".join(
    f'[[lists]]\nsplit = "{split}"\nurl = "https://example.org{ARCHIVE}"\nmember = "toy/{split}.csv"\n'
    for split in ("train", "validate")
)
PLAIN = '[[lists]]\nurl = "https://example.org/lists/plain.csv"\n'
MEMBERS = {"toy/train.csv": TRAIN, "toy/validate.csv": VAL, "toy/train.json": b"{}"}


@pytest.fixture
def server():
    with ListServer() as server:
        yield server


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def told():
    return []


@pytest.fixture
def fetch(server, cache, told):
    """Fetch the lists of a description; what was told of the progress goes to `told`."""

    def run(description: str = TOY):
        web = Web(threading.Event(), server.origin)
        lists = ListCache(cache, web, server.origin, lambda *progress: told.append(progress))
        return lists.lists(parse("toy", description, "toy.toml"))

    return run


def files(cache):
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


@pytest.mark.parametrize("pack", [tar, zipped, lambda members: tar(members, "w"), lambda members: tar(members, "w:xz")])
def test_the_lists_of_an_archive_come_into_the_cache_once(pack, server, fetch, cache, told):
    server.files[ARCHIVE] = pack(MEMBERS)
    train, val = fetch()
    assert (train.read_bytes(), val.read_bytes()) == (TRAIN, VAL)
    assert files(cache) == ["train.csv", "validate.csv"]
    assert fetch() == [train, val]
    assert len(server.seen) == 1
    assert told[-1][1:] == (len(server.files[ARCHIVE]),) * 2


def test_a_list_that_is_a_file_of_its_own_is_kept_as_it_is(server, fetch):
    server.files["/lists/plain.csv"] = TRAIN
    (plain,) = fetch(PLAIN)
    assert (plain.name, plain.read_bytes()) == ("plain.csv", TRAIN)


def test_lists_of_another_origin_have_a_place_of_their_own(server, fetch, cache):
    server.files[ARCHIVE] = tar(MEMBERS)
    (here, _) = fetch()
    elsewhere = ListCache(cache, Web(threading.Event()), None, lambda *_: None)
    assert elsewhere.path(parse("toy", TOY, "toy.toml").lists[0]) != here


def test_a_member_in_another_folder_will_do_if_it_is_the_only_one_of_its_name(server, fetch):
    server.files[ARCHIVE] = tar({"./renamed/train.csv": TRAIN, "renamed/val/validate.csv": VAL})
    assert fetch()[0].read_bytes() == TRAIN


def long_list() -> bytes:
    draw = random.Random(7)
    rows = (f"juggling,{draw.randrange(10**11):011},{draw.randrange(10**6)},{10**6},train\n" for _ in range(20_000))
    return HEADER + "".join(rows).encode()


def test_a_connection_that_breaks_is_taken_up_where_it_broke(server, fetch):
    server.files[ARCHIVE] = tar({**MEMBERS, "toy/train.csv": long_list()})
    server.cut_after, server.cuts = 200_000, 1
    assert fetch()[0].read_bytes() == long_list()
    assert server.seen[1] == (ARCHIVE, "bytes=200000-")


class Killed(BaseException):
    """What a killed process does: nothing more."""


def test_a_download_that_was_killed_goes_on_where_it_stopped(server, fetch, cache):
    server.files[ARCHIVE] = packed = tar({**MEMBERS, "toy/train.csv": long_list()})

    def kill(_url, done_bytes, _size):
        if done_bytes > 100_000:
            raise Killed

    with pytest.raises(Killed):
        ListCache(cache, Web(threading.Event(), server.origin), server.origin, kill).lists(
            parse("toy", TOY, "toy.toml")
        )
    assert files(cache) == ["part", "part.version"]
    (part,) = cache.rglob("part")
    kept_bytes = part.stat().st_size
    assert 100_000 < kept_bytes < len(packed)
    assert fetch()[0].read_bytes() == long_list()
    assert server.seen[-1] == (ARCHIVE, f"bytes={kept_bytes}-")
    assert files(cache) == ["train.csv", "validate.csv"]


def test_a_list_that_changed_since_begins_anew(server, fetch, cache):
    server.files["/lists/plain.csv"], plain = TRAIN, parse("plain", PLAIN, "plain.toml")
    folder = ListCache(cache, Web(threading.Event()), server.origin, lambda *_: None).path(plain.lists[0]).parent
    folder.mkdir(parents=True)
    (folder / "part").write_bytes(b"the beginning of an older, longer list" * 1000)
    (folder / "part.version").write_text('"zero"')
    assert fetch(PLAIN)[0].read_bytes() == TRAIN


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def with_members(*extra: tuple[tarfile.TarInfo, bytes]) -> bytes:
    return tar_of([*((tarfile.TarInfo(name), data) for name, data in MEMBERS.items()), *extra])


GOOD = tar({**MEMBERS, "toy/train.csv": long_list()})
PLAIN_TAR = tar({"toy/validate.csv": VAL, "toy/train.csv": long_list()}, "w")
BAD_ARCHIVES = {
    "a web page": (b"<!doctype html><title>Sign in</title>", "is not an archive"),
    "nothing": (b"", "is not an archive"),
    "cut off": (GOOD[: len(GOOD) // 2], "is cut off"),
    "a tar that ends early": (PLAIN_TAR[: len(PLAIN_TAR) // 2], "is cut off"),
    "damaged": (GOOD[:5000] + bytes(3000) + GOOD[8000:], "is cut off or damaged"),
    "a cut-off zip": (zipped(MEMBERS)[:-30], "is not an archive"),
    "without the list": (tar({"toy/train.csv": TRAIN}), "has no toy/validate.csv; it has toy/train.csv"),
    "two lists of that name": (tar({"a/train.csv": TRAIN, "b/train.csv": TRAIN}), "has no toy/train.csv; it has a/tr"),
    "empty": (tar({}), "it has nothing"),
    "a path that leads out": (with_members((tarfile.TarInfo("../outside.csv"), TRAIN)), "leads out of the archive"),
    "a path that leads out later": (with_members((tarfile.TarInfo("a/../../b.csv"), TRAIN)), "leads out"),
    "an absolute path": (with_members((tarfile.TarInfo("/outside.csv"), TRAIN)), "leads out"),
    "a symbolic link": (with_members(link("toy/link", "/etc/passwd")), "is a link"),
    "a hard link": (with_members(link("toy/link", "/etc/passwd", tarfile.LNKTYPE)), "is a link"),
    "a device": (with_members(link("toy/null", "", tarfile.CHRTYPE)), "is a link or a device"),
    "a list that is a link": (tar_of([link("toy/train.csv", "/etc/passwd")]), "is a link"),
    "a zip that leads out": (zipped({**MEMBERS, "../outside.csv": TRAIN}), "leads out"),
    "a web page for a list": (tar({**MEMBERS, "toy/validate.csv": b"<html>"}), "is a web page"),
    "an empty list": (tar({**MEMBERS, "toy/validate.csv": b""}), "is empty"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD_ARCHIVES)
def test_what_is_no_archive_of_lists_is_a_plain_error_and_nothing_of_it_stays(kind, server, fetch, cache, tmp_path):
    server.files[ARCHIVE], message = BAD_ARCHIVES[kind]
    with pytest.raises(UserError, match=f"example.org.*{message}.*run again"):
        fetch()
    assert files(tmp_path) == []
    server.files[ARCHIVE] = tar(MEMBERS)
    assert fetch()[0].read_bytes() == TRAIN


def test_a_web_page_in_place_of_a_list_is_not_kept(server, fetch, cache):
    server.files["/lists/plain.csv"] = b"<!doctype html>"
    with pytest.raises(UserError, match="is a web page"):
        fetch(PLAIN)
    assert files(cache) == []


def test_a_list_that_is_not_there_says_what_to_do(fetch, cache):
    with pytest.raises(ClipsetError, match=r"not_found.*give the files"):
        fetch()
    assert files(cache) == []


def test_one_process_fetches_an_address_at_a_time(server, fetch, cache):
    server.files[ARCHIVE] = tar(MEMBERS)
    (train, _) = fetch()
    train.unlink()
    part = train.parent.parent / "part"
    with part.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="another clipset is fetching"):
            fetch()
    assert fetch()[0].read_bytes() == TRAIN


def test_the_cache_lies_where_the_user_says(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "clipset" / "annotations"
