"""A small Kinetics as CVDF's mirror has it, with everything that makes the real one hard. Pure data.

Each version has clips of three seconds, from 1 to 4 s of their videos; `kinetics_rows` lists them.
"""

from collections.abc import Mapping
from typing import Any

from clipset.rehearsal.media import MemberKind, Tarball, TarForm, TarMember
from clipset.rehearsal.scenario import MirrorFile

_ROOT = "https://s3.amazonaws.com/kinetics"
_HEADER = "label,youtube_id,time_start,time_end,split"
_TIMES = "000001_000004"
_CLASSES = ("abseiling", "massaging person's head", "mountain climber (exercise)")

CORRUPTED = "-k400trn002"
"""Its file in the tar of train is cut off; a good one lies in the replacement tar."""

_VIDEOS: Mapping[str, Mapping[str, tuple[tuple[str, str], ...]]] = {  # version -> split -> (id, label)
    "400": {
        "train": (("-k400trn001", _CLASSES[0]), (CORRUPTED, _CLASSES[1])),
        "val": (("k400val_001", _CLASSES[0]), ("--400val_02", _CLASSES[1]), ("k400val_003", _CLASSES[2])),
        "test": (("k400test001", _CLASSES[0]),),
    },
    "600": {
        "train": (("k600train01", _CLASSES[0]),),
        "val": (("k600val_001", _CLASSES[2]), ("k600val_002", _CLASSES[0])),
        "test": (("k600test001", _CLASSES[0]),),
    },
    "700_2020": {
        "train": (("k700train01", _CLASSES[0]),),
        "val": (("k700val_001", _CLASSES[1]), ("k700val_002", _CLASSES[2])),
        "test": (("k700test_01", _CLASSES[0]),),
    },
}


def kinetics_rows(version: str, *splits: str) -> str:
    """A Kinetics CSV of what the mirror has of a version: of all splits, or of these."""
    rows = [
        f"{label},{video_id},1,4,{split}"
        for split, videos in _VIDEOS[version].items()
        for video_id, label in videos
        if not splits or split in splits
    ]
    return "\n".join([_HEADER, *rows, ""])


def kinetics_mirror() -> dict[str, MirrorFile]:
    """The files by their path in the bucket, for `Scenario.mirror`."""
    return {**_kinetics400(), **_kinetics600(), **_kinetics700()}


def _kinetics400() -> dict[str, MirrorFile]:
    """Parts that mix classes, one of them a plain tar under another name; members that lead out; a replacement tar."""
    traps = (
        _member("readme.txt", kind=MemberKind.TEXT, text="hello"),
        _member("/k400val_003_000001_000004.mp4", kind=MemberKind.TEXT, text="absolute"),
        _member("../k400val_003_000001_000004.mp4", kind=MemberKind.TEXT, text="outside"),
        _member("a/k400val_003_000001_000004.mp4", kind=MemberKind.SYMLINK, text="/etc/passwd"),
        _member("b/k400val_003_000001_000004.mp4", kind=MemberKind.HARDLINK, text="readme.txt"),
        _member("c/k400val_003_000001_000004.mp4", kind=MemberKind.DEVICE),
        _member("d/k400val_003_000001_000004.mp4", kind=MemberKind.ZEROS, size_bytes=80 << 20),
    )
    return {
        **_listed("400/train", "k400_train_path.txt", {
            "part_0.tar.gz": _tar(_clip("-k400trn001"), _clip(CORRUPTED, kind=MemberKind.CUT_CLIP, media_key=2)),
        }),
        "400/replacement_for_corrupted_k400.tgz": _tar(
            _clip(CORRUPTED, "replacement_for_corrupted_k400/", media_key=2)
        ),
        **_listed("400/val", "k400_val_path.txt", {
            "part_0.tar.gz": _tar(*traps, _clip("k400val_001", "val_256/"), _stranger(1)),
            "part_1.tar.gz": _tar(_clip("--400val_02"), _clip("k400val_003", "./val/"), form=TarForm.PLAIN),
        }),
        **_listed("400/test", "k400_test_path.txt", {"part_0.tar.gz": _tar(_clip("k400test001"))}),
    }  # fmt: skip


def _kinetics600() -> dict[str, MirrorFile]:
    """A tar a class, named after it with its spaces; one has a folder more, and a Mac's companions of its files."""
    companion = _member(f"{_CLASSES[2]}/._k600val_001_{_TIMES}.mp4", kind=MemberKind.TEXT, text="Mac OS X")
    return {
        **_listed("600/train", "k600_train_path.txt", {f"{_CLASSES[0]}.tar.gz": _tar(_clip("k600train01"))}),
        **_listed("600/val", "k600_val_path.txt", {
            f"{_CLASSES[0]}.tar.gz": _tar(_clip("k600val_002")),
            f"{_CLASSES[1]}.tar.gz": _tar(_stranger(2)),
            f"{_CLASSES[2]}.tar.gz": _tar(
                _member(f"{_CLASSES[2]}/", kind=MemberKind.FOLDER), companion, _clip("k600val_001", f"{_CLASSES[2]}/")
            ),
        }),
        **_listed("600/test", "k600_test_path.txt", {"part_0.tar.gz": _tar(_clip("k600test001"))}),
    }  # fmt: skip


def _kinetics700() -> dict[str, MirrorFile]:
    """A tar a class, numbered by the sorted classes; a clip of test that is shorter than its span."""
    return {
        "700_2020/annotations/val.csv": MirrorFile(
            text="\n".join([_HEADER, *(f"{label},xxxxxxxxxxx,0,10,validate" for label in reversed(_CLASSES)), ""])
        ),
        **_listed("700_2020/train", "k700_2020_train_path.txt", {
            "k700_train_001.tar.gz": _tar(_clip("k700train01")),
            "k700_train_002.tar.gz": _tar(_stranger(3)),
            "k700_train_003.tar.gz": _tar(_stranger(4)),
        }),
        **_listed("700_2020/val", "k700_2020_val_path.txt", {
            "k700_val_001.tar.gz": _tar(_stranger(5)),
            "k700_val_002.tar.gz": _tar(_clip("k700val_001")),
            "k700_val_003.tar.gz": _tar(_clip("k700val_002")),
        }),
        **_listed("700_2020/test", "k700_2020_test_path.txt", {
            "k700_test_001.tar.gz": _tar(_clip("k700test_01", duration_s=2.0))
        }),
    }  # fmt: skip


def _listed(folder: str, name: str, tars: Mapping[str, MirrorFile]) -> dict[str, MirrorFile]:
    """The tars of a folder with the list that names them."""
    text = "".join(f"{_ROOT}/{folder}/{tar}\n" for tar in tars)
    return {f"{folder}/{name}": MirrorFile(text=text), **{f"{folder}/{tar}": file for tar, file in tars.items()}}


def _tar(*members: TarMember, form: TarForm = TarForm.GZIP) -> MirrorFile:
    return MirrorFile(tar=Tarball(members=members, form=form))


def _clip(video_id: str, folder: str = "", **fields: Any) -> TarMember:
    return _member(f"{folder}{video_id}_{_TIMES}.mp4", **fields)


def _stranger(number: int) -> TarMember:
    """A clip that no list names."""
    return _clip(f"stranger{number:03d}")


def _member(name: str, **fields: Any) -> TarMember:
    return TarMember(name=name, **fields)
