"""What a member of a mirror's tar is, by its name alone. Pure."""

import re

from clipset.sources.mirror.tar import Kind, Member
from clipset.types import US_PER_S, Clip, Span

MEMBER_BYTES_MAX = 64 << 20
"""Of a clip: ten seconds at 50 Mbit/s. It is held in memory, once for each stream."""

_CLIP = re.compile(r"([A-Za-z0-9_-]{11})_(\d{6,8})_(\d{6,8})", re.ASCII)
_SUFFIX = ".mp4"


def clip_of(member: Member) -> Clip | None:
    """The clip `ID_000010_000020.mp4`, in whatever folder; None for a member that is none, such as a Mac's `._ID…`."""
    name = member.name.rpartition("/")[2]
    return clip_named(name.removesuffix(_SUFFIX)) if member.kind is Kind.FILE and name.endswith(_SUFFIX) else None


def clip_named(clip_id: str) -> Clip | None:
    """The clip of an id such as `ID_000010_000020`, with whole seconds as all of a mirror's have."""
    found = _CLIP.fullmatch(clip_id)
    if found is None:
        return None
    start_us, end_us = int(found[2]) * US_PER_S, int(found[3]) * US_PER_S
    return Clip(found[1], Span(start_us, end_us)) if start_us < end_us else None


def refusal(member: Member) -> str | None:
    """Why a member is not touched, for the report; None for one that may be read or is of no interest.

    Clips get their paths from the list, never from a tar, so none of these could do harm; but who packs them has
    something in mind.
    """
    if member.name.startswith("/"):
        return "an absolute path"
    if ".." in member.name.split("/"):
        return "a path that leads out"
    if member.kind in (Kind.LINK, Kind.DEVICE):
        return f"a {member.kind.name.lower()}"
    if clip_of(member) is not None and member.size_bytes > MEMBER_BYTES_MAX:
        return f"larger than {MEMBER_BYTES_MAX >> 20} MiB"
    return None
