"""Generated media: deterministic videos with a counter in every frame, in the containers YouTube serves."""

from clipset.rehearsal.media.library import MediaFile, MediaLibrary
from clipset.rehearsal.media.packing import MemberKind, Tarball, TarForm, TarMember
from clipset.rehearsal.media.spec import AudioCodec, Container, Layout, MediaSpec, Picture, Sound, VideoCodec

__all__ = [
    "AudioCodec", "Container", "Layout", "MediaFile", "MediaLibrary", "MediaSpec", "MemberKind", "Picture", "Sound",
    "TarForm", "TarMember", "Tarball", "VideoCodec",
]  # fmt: skip
