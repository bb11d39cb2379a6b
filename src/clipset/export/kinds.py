"""What can be made of a clip: a folder of pictures, or a file of sound."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from clipset.durable import plain_os_errors
from clipset.ledger.finished import FinishedClip
from clipset.media.export import MediaExporter
from clipset.media.forms import PictureForm, SoundForm
from clipset.plan.layout import SUFFIX
from clipset.types import ByteStream

_PICTURE = "img_{:05d}.jpg"  # mmaction2's rawframes


class Kind(Protocol):
    """`name` is of the kind, `form` all that decides what its files hold."""

    @property
    def name(self) -> str: ...
    @property
    def form(self) -> dict[str, object]: ...

    def place(self, path: str) -> str:
        """Where the result lies for a clip that lies at `path`: a file, or a folder of files."""
        ...

    def proof(self, place: str) -> str:
        """The file that is there if the result is."""
        ...

    def has(self, clip: FinishedClip) -> bool:
        """Whether the clip has any of it."""
        ...

    def make(self, clip: FinishedClip, data: ByteStream, exporter: MediaExporter, draft: Path) -> int:
        """Write the result as `draft`, which is not there yet; returns how many files it has.

        Raises ClipsetError: of the clip, or of this machine (disk_full, no_permission); and Interrupted.
        """
        ...


@dataclass(frozen=True, slots=True)
class Frames:
    """`<split>/<label>/<clip id>/img_00001.jpg` and so on, numbered in the order of the pictures kept."""

    pictures: PictureForm
    name = "frames"

    @property
    def form(self) -> dict[str, object]:
        return asdict(self.pictures)

    def place(self, path: str) -> str:
        return path.removesuffix(SUFFIX)

    def proof(self, place: str) -> str:
        return f"{place}/{_PICTURE.format(1)}"

    def has(self, clip: FinishedClip) -> bool:
        return clip.frames > 0

    def make(self, clip: FinishedClip, data: ByteStream, exporter: MediaExporter, draft: Path) -> int:
        count = 0

        def write(pictures: list[bytes]) -> None:
            nonlocal count
            with plain_os_errors(draft):
                for picture in pictures:
                    count += 1
                    (draft / _PICTURE.format(count)).write_bytes(picture)

        with plain_os_errors(draft):
            draft.mkdir()
        exporter.pictures(data, self.pictures, clip.frames, clip.duration_us, write)
        return count


@dataclass(frozen=True, slots=True)
class Sound:
    """`<split>/<label>/<clip id>.wav`, or with another suffix."""

    sound: SoundForm
    name = "sound"

    @property
    def form(self) -> dict[str, object]:
        return asdict(self.sound)

    def place(self, path: str) -> str:
        return f"{path.removesuffix(SUFFIX)}.{self.sound.format}"

    def proof(self, place: str) -> str:
        return place

    def has(self, clip: FinishedClip) -> bool:
        return clip.audio_codec is not None

    def make(self, clip: FinishedClip, data: ByteStream, exporter: MediaExporter, draft: Path) -> int:
        sound = exporter.sound(data, self.sound, clip.duration_us)
        with plain_os_errors(draft):
            draft.write_bytes(sound)
        return 1
