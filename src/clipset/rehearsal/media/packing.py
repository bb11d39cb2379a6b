"""Tars of clips as mirrors serve them, with what goes wrong in them. The same members give the same bytes."""

import gzip
import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from clipset.rehearsal.media.spec import AudioCodec, Container, Layout, MediaSpec, Picture, Sound, VideoCodec

Clip = Callable[[MediaSpec], bytes]
_DAMAGED_SHARE = 0.6  # of a file that is cut off


class MemberKind(StrEnum):
    CLIP = "clip"
    CUT_CLIP = "cut_clip"  # the end is missing, and with it the index: «moov atom not found»
    TEXT = "text"
    FOLDER = "folder"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    DEVICE = "device"
    ZEROS = "zeros"  # `size_bytes` of nothing: a bomb, once compressed


@dataclass(frozen=True, slots=True, kw_only=True)
class TarMember:
    """A member by its full name. Clips are generated: `media_key` decides what they show."""

    name: str
    kind: MemberKind = MemberKind.CLIP
    duration_s: float = 3.0
    height_px: int = 144
    has_sound: bool = True
    media_key: int = 1
    text: str = ""  # of a text; of a link, where it points
    size_bytes: int = 0


class TarForm(StrEnum):
    GZIP = "gzip"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tarball:
    """`ends_at` is the share of the file that is there, 1.0 for all of it."""

    members: tuple[TarMember, ...] = ()
    form: TarForm = TarForm.GZIP
    ends_at: float = 1.0


def write_tarball(tarball: Tarball, path: Path, clip: Clip) -> None:
    """`clip` makes a media file or has it."""
    with path.open("wb") as file:
        if tarball.form is TarForm.PLAIN:
            _write(tarball, file, clip)
        else:  # without a name and a time, so that the bytes are always the same
            with gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=file, mtime=0) as packed:
                _write(tarball, packed, clip)
        if tarball.ends_at < 1.0:
            file.truncate(round(file.tell() * tarball.ends_at))


def _write(tarball: Tarball, file: io.BufferedIOBase, clip: Clip) -> None:
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.GNU_FORMAT) as tar:
        for member in tarball.members:
            info = tarfile.TarInfo(member.name)
            info.type, info.linkname = _TYPES.get(member.kind, tarfile.REGTYPE), member.text
            if info.type == tarfile.REGTYPE:
                data = _data(member, clip)
                info.linkname, info.size = "", member.size_bytes or len(data.getvalue())
                tar.addfile(info, data if not member.size_bytes else _Zeros())
            else:
                tar.addfile(info)


_TYPES = {
    MemberKind.FOLDER: tarfile.DIRTYPE,
    MemberKind.SYMLINK: tarfile.SYMTYPE,
    MemberKind.HARDLINK: tarfile.LNKTYPE,
    MemberKind.DEVICE: tarfile.CHRTYPE,
}


class _Zeros(io.RawIOBase):
    """As many as are asked for."""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return bytes(max(0, size))


def _data(member: TarMember, clip: Clip) -> io.BytesIO:
    if member.kind is MemberKind.TEXT:
        return io.BytesIO(member.text.encode())
    if member.kind is MemberKind.ZEROS:
        return io.BytesIO()
    data = clip(media_of(member))
    return io.BytesIO(data if member.kind is MemberKind.CLIP else data[: round(len(data) * _DAMAGED_SHARE)])


def media_of(member: TarMember) -> MediaSpec:
    """What a clip shows: 12 pictures a second, to be quick; the index stands in front, of a cut clip at the end."""
    layout = Layout.FRONT if member.kind is MemberKind.CLIP else Layout.TAIL
    return MediaSpec(
        Container.MP4,
        Fraction(str(member.duration_s)),
        Picture(VideoCodec.H264, member.height_px, Fraction(12), member.media_key),
        Sound(AudioCodec.AAC, 0) if member.has_sound else None,
        layout,
    )
