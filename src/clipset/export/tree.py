"""The tree that an export fills: whose it is, how its files were made, and that only one process fills it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clipset.config import UserError
from clipset.durable import plain_os_errors
from clipset.export.kinds import Kind
from clipset.ledger.lock import WriterLock
from clipset.sinks.exports import OWN, ExportSink
from clipset.sinks.folders import make_folder


@contextmanager
def taken(out: Path, dataset: Path, kind: Kind, recipe_id: str) -> Iterator[ExportSink]:
    """`out` for this process alone, made where it is not there, with what a run that died left half swept away.

    Raises UserError where it is no place for such an export, LedgerError while another process fills it, ClipsetError
    (disk_full, no_permission).
    """
    out = out.resolve()
    _refuse_dataset(out, dataset)
    known = _known(out, kind)
    wanted: dict[str, object] = {"form": kind.form, "recipe": recipe_id}
    if known not in (None, wanted):
        raise UserError(
            f"--out: the {kind.name} in {out} were made otherwise ({_said(known)}; now {_said(wanted)});"
            " ask for the same as then, or choose another directory"
        )
    with plain_os_errors(out):
        make_folder(out)
        lock = WriterLock(out, out / f"{OWN}lock")
    try:
        sink = ExportSink(out)
        sink.sweep()
        if known is None:
            _write(sink, kind, wanted)
        yield sink
    finally:
        lock.release()


def _refuse_dataset(out: Path, dataset: Path) -> None:
    dataset = dataset.resolve()
    if out == dataset or out.is_relative_to(dataset) or dataset.is_relative_to(out):
        raise UserError(f"--out: {out} and the dataset {dataset} lie in each other; choose a directory apart from it")


def _record(kind_name: str) -> str:
    return f"{OWN}{kind_name}.json"


def _known(out: Path, kind: Kind) -> dict[str, object] | None:
    """How the files of this kind were made; None where there are none. Raises UserError."""
    if out.exists() and not out.is_dir():
        raise UserError(f"--out: {out} is no directory")
    record = out / _record(kind.name)
    if record.exists():
        try:
            known = json.loads(record.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = None
        if isinstance(known, dict):
            return known
        raise UserError(f"--out: {record} cannot be read, so how the files there were made is not known")
    with plain_os_errors(out):
        if out.is_dir() and (names := {path.name for path in out.iterdir()}) and not _is_ours(names):
            raise UserError(f"--out: {out} is not empty, and nothing says that clipset filled it; choose another")
    return None


def _is_ours(names: set[str]) -> bool:
    return any(name.startswith(OWN) for name in names)


def _write(sink: ExportSink, kind: Kind, wanted: dict[str, object]) -> None:
    with sink.draft() as draft:
        with plain_os_errors(draft):
            (draft / "record").write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")
        sink.place(draft / "record", _record(kind.name))


def _said(made: dict[str, object]) -> str:
    form = made.get("form")
    parts = {**(form if isinstance(form, dict) else {}), "recipe": made.get("recipe")}
    return ", ".join(f"{name} {value}" for name, value in parts.items() if value not in (None, False))
