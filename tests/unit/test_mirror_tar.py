"""Tars as they stream: the same members as tarfile sees, in little memory, whatever a stranger packed."""

import bz2
import gzip
import io
import random
import tarfile
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipset.reasons import Reason
from clipset.sources.mirror.members import clip_named, clip_of, refusal
from clipset.sources.mirror.tar import Kind, Member, TarStream
from clipset.sources.mirror.unpacking import Unpacked
from clipset.types import ClipsetError, Span

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
MEGABYTE = 1 << 20


def packed(files: dict[str, bytes], form: int = tarfile.GNU_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def pieces(data: bytes, size: int = 1000) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def unpacked(data: bytes, size: int = 1000) -> dict[str, bytes]:
    stream = TarStream(Unpacked(pieces(data, size)))
    return {member.name: stream.read() for member in stream}


def fault(data: bytes) -> str:
    with pytest.raises(ClipsetError) as raised:
        unpacked(data)
    assert raised.value.failure.reason is Reason.DAMAGED_MEDIA
    return raised.value.failure.detail


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=300).filter(
    lambda name: not name.endswith("/")
)


@settings(max_examples=60, deadline=None)
@given(
    files=st.dictionaries(NAMES, st.binary(max_size=1500), max_size=5),
    form=st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
    is_gzip=st.booleans(),
    size=st.sampled_from([1, 7, 512, 4096]),
)
def test_any_tar_gives_back_what_was_packed_however_its_bytes_come(files, form, is_gzip, size):
    data = packed(files, form)
    assert unpacked(gzip.compress(data) if is_gzip else data, size) == files


@pytest.mark.parametrize("form", FORMATS)
def test_kinds_of_members_are_told_apart(form):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=FORMATS[form]) as tar:
        for name, kind in {
            "file": tarfile.REGTYPE, "folder": tarfile.DIRTYPE, "soft": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE,
            "disk": tarfile.BLKTYPE, "terminal": tarfile.CHRTYPE, "pipe": tarfile.FIFOTYPE,
        }.items():  # fmt: skip
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "file" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            tar.addfile(info)
    kinds = {member.name.rstrip("/"): member.kind for member in TarStream(Unpacked([buffer.getvalue()]))}
    assert kinds == {
        "file": Kind.FILE, "folder": Kind.FOLDER, "soft": Kind.LINK, "hard": Kind.LINK,
        "disk": Kind.DEVICE, "terminal": Kind.DEVICE, "pipe": Kind.DEVICE,
    }  # fmt: skip


def test_members_that_are_not_read_are_skipped():
    data = packed({"a": b"1" * 5000, "b": b"2" * 700, "c": b"3"})
    stream = TarStream(Unpacked(pieces(data)))
    assert [stream.read() if member.name == "c" else b"" for member in stream] == [b"", b"", b"3"]


def test_gzip_in_several_parts_and_with_padding_is_read_as_gunzip_does():
    data = packed({"a": b"1" * 3000})
    halves = gzip.compress(data[:1000]) + gzip.compress(data[1000:])
    assert unpacked(halves + bytes(700)) == {"a": b"1" * 3000}
    assert unpacked(halves + b"and something else") == {"a": b"1" * 3000}


WHOLE = packed({"abcdefghijk_000001_000004.mp4": random.Random(1).randbytes(20_000)})
LONG_NAME = packed({"x" * 150: b""})


def with_size(field: bytes) -> bytes:
    """A tar whose first header names this size, with a true checksum."""
    block = bytearray(WHOLE[:512])
    block[124:136] = field
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + WHOLE[512:]


DAMAGED = {
    "nothing": (b"", "ends early"),
    "a page": (b"<!DOCTYPE html>" * 100, "no tar"),
    "less than a block": (b"<html>", "ends early"),
    "another compression": (bz2.compress(WHOLE), "no tar"),
    "zeros": (bytes(10), "ends early"),
    "cut within a member": (WHOLE[:9_000], "ends early"),
    "cut before the end mark": (WHOLE[: 512 + 20_480], "ends early"),
    "cut within gzip": (gzip.compress(WHOLE)[:9_000], "ends early"),
    "cut before gzip's checksum": (gzip.compress(WHOLE)[:-8], "ends early"),
    "a wrong gzip checksum": (gzip.compress(WHOLE)[:-8] + bytes(8), "compressed data"),
    "flipped bits in gzip": (gzip.compress(WHOLE)[:500] + b"\xff" * 5000, "compressed data"),
    "a damaged second header": (WHOLE[: 512 + 20_480] + b"x" * 512, "header is damaged"),
    "a size that is negative": (with_size(b"-0000000600\0"), "makes no sense"),
    "a size that is no number": (with_size(b"many bytes\0\0"), "makes no sense"),
    "a size beyond all files": (with_size(b"\x80" + b"\xff" * 11), "ends early"),
    "a name of a megabyte": (LONG_NAME.replace(b"00000000227\0", b"00004000000\0"), ""),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_what_is_damaged_is_said_plainly(kind):
    data, says = DAMAGED[kind]
    assert says in fault(data)


def test_a_header_that_claims_a_huge_name_costs_no_memory():
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1 << 40
    tracemalloc.start()
    with pytest.raises(ClipsetError, match="longer than names are"):
        list(TarStream(Unpacked([info.tobuf(tarfile.GNU_FORMAT) + bytes(10_000)])))
    assert tracemalloc.get_traced_memory()[1] < MEGABYTE
    tracemalloc.stop()


def test_headers_without_a_member_cost_no_memory():
    def headers() -> Iterator[bytes]:
        for number in range(300):
            info = tarfile.TarInfo("pax")
            record = b"50010 %06d=" % number + b"x" * (50_010 - 14) + b"\n"
            info.type, info.size = tarfile.XHDTYPE, len(record)
            yield info.tobuf(tarfile.USTAR_FORMAT) + record.ljust(-(-len(record) // 512) * 512, b"\0")
        yield WHOLE

    tracemalloc.start()
    assert len(list(TarStream(Unpacked(headers())))) == 1
    assert tracemalloc.get_traced_memory()[1] < MEGABYTE
    tracemalloc.stop()


def test_a_bomb_is_gone_through_in_little_memory_and_only_so_far():
    info = tarfile.TarInfo("zeros")
    info.size = 1 << 40
    deflater = zlib.compressobj(wbits=31)

    def bomb() -> Iterator[bytes]:
        yield deflater.compress(info.tobuf(tarfile.GNU_FORMAT))
        while True:
            yield deflater.compress(bytes(8 * MEGABYTE))

    tracemalloc.start()
    with pytest.raises(ClipsetError, match="unpacks to more"):
        list(TarStream(Unpacked(bomb(), most_bytes=100 * MEGABYTE)))
    assert tracemalloc.get_traced_memory()[1] < 16 * MEGABYTE  # 8 of them are the bomb's own zeros
    tracemalloc.stop()


CLIPS = {
    "abcdefghijk_000001_000004.mp4": True,
    "val_256/mountain climber (exercise)/-_cdefghijk_000001_000011.mp4": True,
    "./a//abcdefghijk_023770_023780.mp4": True,
    "._abcdefghijk_000001_000004.mp4": False,
    "a/._abcdefghijk_000001_000004.mp4": False,
    "abcdefghijk_000004_000004.mp4": False,
    "abcdefghijk_000001_000004.webm": False,
    "abcdefghijk_1_4.mp4": False,
    "xabcdefghijk_000001_000004.mp4": False,
    "abcdefghijk_000001_000004.mp4.part": False,
    "abcdefghijk_000001_000004.mp4\n": False,
    "readme.txt": False,
}


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_is_known_by_its_name_alone(name):
    assert (clip_of(Member(name, 1000, Kind.FILE)) is not None) is CLIPS[name]
    assert clip_of(Member(name, 0, Kind.LINK)) is None


def test_the_times_in_a_name_are_seconds():
    clip = clip_named("_-cdefghij__000010_000020")
    assert clip is not None
    assert (clip.video_id, clip.span) == ("_-cdefghij_", Span(10_000_000, 20_000_000))
    assert clip.id == "_-cdefghij__000010_000020"


REFUSED = {
    "an absolute path": Member("/etc/passwd", 10, Kind.FILE),
    "leads out": Member("a/../../b.mp4", 10, Kind.FILE),
    "a link": Member("abcdefghijk_000001_000004.mp4", 0, Kind.LINK),
    "a device": Member("abcdefghijk_000001_000004.mp4", 0, Kind.DEVICE),
    "larger than": Member("abcdefghijk_000001_000004.mp4", 10 << 30, Kind.FILE),
}


@pytest.mark.parametrize("why", REFUSED)
def test_members_that_mean_no_good_are_refused(why):
    assert why in (refusal(REFUSED[why]) or "")


@pytest.mark.parametrize("name", ["abcdefghijk_000001_000004.mp4", "a..b/c...mp4", "folder/", "readme.txt"])
def test_ordinary_members_are_not(name):
    assert refusal(Member(name, 10, Kind.FILE)) is None
