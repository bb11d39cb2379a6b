"""How long each page of the explorer takes on a dataset as large as Kinetics-700.

    python -m bench.bench_explore [ROUNDS]          5 by default

The ledger has the reference run's 646,984 clips and 700 classes; the program is started as a user starts it. «first» is
the first request for a page after the start (those before the index is made are told apart), «median» and «most» are of
the requests after it, all by the clock of one client on loopback. Memory is the server's at its highest, without the
media children, which show clips that this dataset has none of.
"""

import http.client
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "unit"))
from reference_run import ReferenceRun

CLIP = "v0000000005_000000_000010"
PAGES = {
    "dashboard": "/",
    "dashboard as JSON": "/index.json",
    "700 classes": "/classes",
    "classes as one types": "/classes?q=class+1&sort=loss",
    "a class": "/class?label=class+5",
    "a class, its last page": "/class?label=class+5&page=20",
    "a class, one split and state": "/class?label=class+5&split=val&state=done",
    "a clip": f"/clips/{CLIP}",
    "failures": "/failures",
    "failures, their last page": "/failures?page=308",
    "failures of a reason": "/failures?reason=age_restricted",
    "failures of a class and split": "/failures?label=class+5&split=train",
    "failures with a text": "/failures?q=alert",
    "failures with a text that none has": "/failures?q=nothing+of+this",
    "failures, all filters": f"/failures?reason=unavailable&split=train&disposition=lost&q={quote('<script>')}&page=9",
}


def get(port: int, path: str) -> tuple[int, float]:
    """(status, milliseconds)."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    began_s = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    took_ms = (time.perf_counter() - began_s) * 1000
    connection.close()
    return answer.status, took_ms


def at_once(port: int) -> float:
    """Every page once while the index is made; returns the seconds until it was."""
    began_s = time.perf_counter()
    slowest, name = max((get(port, path)[1], name) for name, path in PAGES.items())
    print(f"| every page once, right after the start | {slowest:.0f} ({name}) | | |", flush=True)
    waits = []
    while True:
        status, took_ms = get(port, "/classes")
        waits.append(took_ms)
        if status == 200:
            break
        waits.append(get(port, "/")[1])
        time.sleep(0.1)
    print(f"| while the index is made | | {statistics.median(waits):.1f} | {max(waits):.0f} |", flush=True)
    return time.perf_counter() - began_s


def measure(port: int, rounds: int) -> None:
    for name, path in PAGES.items():
        status, first_ms = get(port, path)
        assert status == 200, (path, status)
        later = [get(port, path)[1] for _ in range(rounds)]
        print(f"| {name} | {first_ms:.0f} | {statistics.median(later):.1f} | {max(later):.0f} |", flush=True)


def peak_mib(pid: int) -> int | None:
    """Linux only."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return None
    return next(int(line.split()[1]) // 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM"))


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory(prefix="clipset-bench-") as folder:
        dataset = Path(folder) / "kinetics700"
        ReferenceRun().write(dataset)
        command = [sys.executable, "-m", "clipset", "explore", str(dataset), "--port", "0", "--json"]
        began_s = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                port = int(json.loads(process.stdout.readline())["url"].rstrip("/").rpartition(":")[2])
                started_s = time.perf_counter() - began_s
                print("| page | first (ms) | median (ms) | most (ms) |\n|---|---|---|---|", flush=True)
                indexed_s = at_once(port)
                measure(port, rounds)
                memory = peak_mib(process.pid)
            finally:
                process.send_signal(signal.SIGINT)
    print(f"\nanswers {started_s:.1f} s after the start, indexed {indexed_s:.1f} s later, {memory} MiB at the most")


if __name__ == "__main__":
    main()
