"""`clipset reasons`, `reclassify`, `retry`: why clips are not there, and second thoughts about it."""

import csv
import difflib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clipset.annotations.archive import named, open_text, replacing
from clipset.cli.outcome import Exit, say
from clipset.clock import SystemClock
from clipset.config import UserError
from clipset.durable import plain_os_errors
from clipset.ledger import Ledger
from clipset.ledger.tables import one_line
from clipset.progress.text import printable
from clipset.reasons import TABLE_VERSION, Reason, classify, rules
from clipset.reasons.classify import match
from clipset.reasons.importers import Imported, read_log

_SHOWN_TEXTS = 20


def print_table(*, as_json: bool) -> Exit:
    """Every reason with what it means and a text that leads to it."""
    if as_json:
        rows = [
            {
                "reason": rule.reason,
                "disposition": rule.disposition,
                "meaning": rule.explanation,
                "example": rule.example,
            }
            for rule in rules()
        ]
        print(json.dumps({"version": TABLE_VERSION, "reasons": rows}))
        return Exit.OK
    table = _table("reason", "disposition", "what it means", "for example")
    for rule in rules():
        table.add_row(rule.reason, rule.disposition, rule.explanation, Text(printable(rule.example, 90), style="dim"))
    _print(table)
    return Exit.OK


def print_unmatched(directory: Path, *, as_json: bool) -> Exit:
    """The texts of a dataset that no row of the table fits. Raises LedgerError."""
    with Ledger.read(directory) as ledger:
        found = [row for row in ledger.unmatched() if match(row[0]) is None]
    if as_json:
        rows = [{"message": text, "attempts": count, "video_id": video_id} for text, count, video_id in found]
        print(json.dumps({"unmatched": rows}))
        return Exit.OK
    if not found:
        say("every text that came is in the table")
        return Exit.OK
    table = _table("attempts", "a video", "message")
    for text, count, video_id in found[:_SHOWN_TEXTS]:
        table.add_row(f"{count:,}", video_id, Text(printable(text, 2000)))
    _print(table)
    hidden = f" ({len(found) - _SHOWN_TEXTS:,} more with --json)" if len(found) > _SHOWN_TEXTS else ""
    say(f"{len(found):,} texts are in no table yet{hidden}; these clips are tried again; a newer clipset may know them")
    return Exit.OK


def print_import(log: Path, target: Path | None, *, as_json: bool) -> Exit:
    """What another downloader's failure log says in our words. Raises UserError, AnnotationError, ClipsetError."""
    try:
        with named(log), open_text(log) as file:
            rows = list(read_log(file.read()))
    except ValueError as error:
        raise UserError(f"--import: {log}: {error}") from None
    if not rows:
        raise UserError(
            f"--import: {log} holds no failure; it is the failed.csv or download_report.json of a downloader"
        )
    if target is not None:
        _write(target, rows)
    counts = Counter(row.reason for row in rows)
    unknown = [row.message for row in rows if row.reason is Reason.UNKNOWN]
    if as_json:
        reasons = {reason.value: count for reason, count in counts.most_common()}
        videos = len({row.video_id for row in rows})
        print(json.dumps({"rows": len(rows), "videos": videos, "reasons": reasons, "unknown": sorted(set(unknown))}))
        return Exit.OK
    table = _table("rows", "share", "reason", "disposition")
    for reason, count in counts.most_common():
        table.add_row(f"{count:,}", f"{count / len(rows):.1%}", reason, reason.disposition)
    _print(table)
    for text in sorted(set(unknown))[:_SHOWN_TEXTS]:
        say(f"unknown: {printable(text, 300)}")
    say(f"{len(rows):,} failures" + (f", classified in {target}" if target else "; --csv FILE writes them out"))
    return Exit.OK


def reclassify(directory: Path, *, dry_run: bool, as_json: bool) -> Exit:
    """Apply the present table to the raw texts of clips that are not there. Raises LedgerError, ClipsetError."""
    if dry_run:
        with Ledger.read(directory) as reader:
            found = reader.changes(_certain)
    else:
        with _existing(directory) as ledger:
            found = ledger.reclassify(_certain)
            ledger.write_tables()
    changes = Counter((change.before, change.reason.value) for change in found)
    if as_json:
        rows = [{"from": old, "to": new, "clips": count} for (old, new), count in changes.most_common()]
        print(json.dumps({"version": TABLE_VERSION, "clips": changes.total(), "changes": rows}))
        return Exit.OK
    table = _table("clips", "from", "to", "disposition")
    for (old, new), count in changes.most_common():
        table.add_row(f"{count:,}", old, new, Reason(new).disposition)
    if changes:
        _print(table)
    would = " would get" if dry_run else ""
    say(f"{changes.total():,} clips{would or ' got'} another reason" if changes else "no reason changes")
    return Exit.OK


def retry(directory: Path, names: Iterable[str], *, as_json: bool) -> Exit:
    """Want clips with these reasons again, lost or not. Raises UserError, LedgerError, ClipsetError."""
    reasons = [reason_named(name) for name in names]
    with _existing(directory) as ledger:
        counts = ledger.want_again({"lost", "wanted"}, SystemClock().now_us(), reasons)
        ledger.write_tables()
    if as_json:
        print(json.dumps({"clips": counts.total(), "reasons": dict(counts)}))
        return Exit.OK
    for reason, count in counts.most_common():
        say(f"{count:,} {reason}")
    next_step = "; run the same clipset fetch again" if counts else ""
    total = counts.total()
    say(f"{total:,} clip{' is' if total == 1 else 's are'} asked for anew{next_step}")
    return Exit.OK


def _existing(directory: Path) -> Ledger:
    """To write into, but not to begin a dataset."""
    Ledger.read(directory).close()
    return Ledger.open(directory)


def reason_named(name: str) -> Reason:
    """Raises UserError, with the reason that was meant where one comes close."""
    try:
        return Reason(name.replace("-", "_"))
    except ValueError:
        close = difflib.get_close_matches(name, list(Reason), n=1)
        hint = f"did you mean {close[0]}?" if close else "clipset reasons lists them"
        raise UserError(f"--reason: there is no reason {name!r}; {hint}") from None


def _certain(text: str) -> Reason | None:
    """Where no row fits, what was concluded otherwise stands."""
    return classify(text) if match(text) else None


def _write(target: Path, rows: list[Imported]) -> None:
    with plain_os_errors(target), replacing(target) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["video_id", "label", "reason", "disposition", "message"])
        for row in rows:
            about = (row.video_id or "", one_line(row.label or ""), row.reason.value, row.reason.disposition.value)
            writer.writerow([*about, one_line(row.message)])


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in {"rows", "share", "clips", "attempts"} else "left")
    return table


def _print(table: Table) -> None:
    Console(highlight=False).print(table)
