"""An offline YouTube on loopback that the unmodified yt-dlp talks to: generated videos, scripted failures.

Beside it, on the same server, a mirror of Kinetics.

    with Rehearsal(Scenario(videos={"-abcdefghij": Video(outcome="private")})) as youtube:
        ...  # replace scheme and host of every YouTube URL by youtube.origin
        youtube.counts()["player"]

Frames carry a counter: see `clipset.rehearsal.counter`. What can be scripted: `scenario` and `outcomes`.
"""

from clipset.rehearsal.journal import Entry, Kind
from clipset.rehearsal.media import Layout, MemberKind, Tarball, TarForm, TarMember
from clipset.rehearsal.scenario import (
    Hls,
    Line,
    MediaFault,
    MediaFaultKind,
    MirrorFile,
    Oversize,
    PlayerFault,
    PlayerFaultKind,
    Scenario,
    Throttle,
    Video,
)
from clipset.rehearsal.server import Rehearsal, serve

__all__ = [
    "Entry", "Hls", "Kind", "Layout", "Line", "MediaFault", "MediaFaultKind", "MemberKind", "MirrorFile", "Oversize",
    "PlayerFault", "PlayerFaultKind", "Rehearsal", "Scenario", "TarForm", "TarMember", "Tarball", "Throttle", "Video",
    "serve",
]  # fmt: skip
