"""The offline mirror: tars that are always the same, ranges as a storage service answers them, faults on order."""

import gzip
import http.client
import io
import tarfile
from urllib.parse import quote, urlsplit

import pytest

from clipset.rehearsal import (
    Kind,
    MediaFault,
    MediaFaultKind,
    MemberKind,
    MirrorFile,
    Rehearsal,
    Scenario,
    Tarball,
    TarForm,
    TarMember,
)
from clipset.rehearsal.kinetics import kinetics_mirror, kinetics_rows

PATH = "600/val/mountain climber (exercise).tar.gz"
NOTE = TarMember(name="notes/a.txt", kind=MemberKind.TEXT, text="hello")
CLIP = TarMember(name="abcdefghijk_000001_000004.mp4", duration_s=1)


def get(rehearsal: Rehearsal, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(rehearsal.origin).netloc, timeout=10)
    connection.request("GET", quote(f"/kinetics/{path}"), headers={k.replace("_", "-"): v for k, v in headers.items()})
    response = connection.getresponse()
    try:
        body = response.read()
    except http.client.IncompleteRead as error:
        body = error.partial
    connection.close()
    return response.status, dict(response.getheaders()), body


def mirror(start, tarball: Tarball, *faults: MediaFault) -> Rehearsal:
    return start(Scenario(mirror={PATH: MirrorFile(tar=tarball, faults=faults)}))


@pytest.mark.parametrize("form", TarForm)
def test_a_tar_is_what_its_members_say_and_always_the_same(form, start, tmp_path):
    tarball = Tarball(members=(NOTE, CLIP), form=form)
    _, first_headers, first = get(mirror(start, tarball), PATH)
    with Rehearsal(Scenario(mirror={PATH: MirrorFile(tar=tarball)}), cache=tmp_path) as another:
        _, headers, data = get(another, PATH)
    assert (data, headers["ETag"]) == (first, first_headers["ETag"])
    plain = gzip.decompress(data) if form is TarForm.GZIP else data
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        assert tar.getnames() == [NOTE.name, CLIP.name]
        assert tar.extractfile(NOTE.name).read() == b"hello"
        assert tar.extractfile(CLIP.name).read()[4:8] == b"ftyp"


def test_a_range_is_answered_while_the_content_is_the_same(start):
    rehearsal = mirror(start, Tarball(members=(NOTE,)))
    _, headers, data = get(rehearsal, PATH)
    status, _, rest = get(rehearsal, PATH, Range="bytes=10-", If_Range=headers["ETag"])
    assert (status, rest) == (206, data[10:])
    status, _, whole = get(rehearsal, PATH, Range="bytes=10-", If_Range='"another"')
    assert (status, whole) == (200, data)


def test_faults_hit_the_first_requests(start):
    cut = MediaFault(kind=MediaFaultKind.CUT, offset_bytes=20, times=2)
    busy = MediaFault(kind=MediaFaultKind.STATUS, status=503, times=1)
    rehearsal = mirror(start, Tarball(members=(NOTE,)), busy, cut)
    assert get(rehearsal, PATH)[0] == 503
    assert len(get(rehearsal, PATH)[2]) == 20
    assert len(get(rehearsal, PATH)[2]) > 20
    assert [(entry.kind, entry.path, entry.status) for entry in rehearsal.log] == [
        (Kind.MIRROR, PATH, 503), (Kind.MIRROR, PATH, 200), (Kind.MIRROR, PATH, 200),
    ]  # fmt: skip


def test_a_tar_can_end_early(start):
    whole = get(mirror(start, Tarball(members=(NOTE,))), PATH)[2]
    assert get(mirror(start, Tarball(members=(NOTE,), ends_at=0.5)), PATH)[2] == whole[: round(len(whole) / 2)]


def test_what_the_mirror_does_not_have_is_not_found(start):
    assert get(start(Scenario()), PATH)[0] == 404


def test_a_mirror_can_be_described_in_toml(tmp_path):
    (tmp_path / "scenario.toml").write_text(
        '[mirror."400/val/k400_val_path.txt"]\ntext = "https://h/a.tar.gz"\n'
        '[mirror."400/val/a.tar.gz".tar]\nform = "plain"\n'
        '[[mirror."400/val/a.tar.gz".tar.members]]\nname = "x"\nkind = "symlink"\ntext = "/etc/passwd"\n'
    )
    assert Scenario.from_toml(tmp_path / "scenario.toml").mirror == {
        "400/val/k400_val_path.txt": MirrorFile(text="https://h/a.tar.gz"),
        "400/val/a.tar.gz": MirrorFile(
            tar=Tarball(form=TarForm.PLAIN, members=(TarMember(name="x", kind=MemberKind.SYMLINK, text="/etc/passwd"),))
        ),
    }


@pytest.mark.parametrize("version", ["400", "600", "700_2020"])
def test_the_small_kinetics_has_every_clip_that_its_list_names(version, start):
    files = kinetics_mirror()
    held = {member.name[-29:] for file in files.values() if file.tar is not None for member in file.tar.members}
    rows = kinetics_rows(version).splitlines()[1:]
    assert {f"{row.split(',')[1]}_000001_000004.mp4" for row in rows} <= held
    listed = [path for path in files if path.startswith(version) and path.endswith("_path.txt")]
    assert len(listed) == 3
