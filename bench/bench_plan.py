"""Planning a list of the size of Kinetics-700 as a user does it: the whole command, CPU seconds and peak memory.

python -m bench.bench_plan [ROWS]          650,000 rows by default
"""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.bench_load import rows


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 650_000
    with tempfile.TemporaryDirectory(prefix="clipset-bench-") as folder:
        path = Path(folder) / "list.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write("label,youtube_id,time_start,time_end,split\n")
            for row in rows(count):
                start_s, end_s = row.start_us // 1_000_000, row.end_us // 1_000_000
                file.write(f"{row.label},{row.video_id},{start_s},{end_s},{row.split}\n")
        command = [sys.executable, "-m", "clipset", "plan", str(path), "--json"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak_kib = used.ru_maxrss // (1 if sys.platform != "darwin" else 1024)
    print(f"clipset plan, {count:,} rows: {used.ru_utime + used.ru_stime:.1f} s CPU, {peak_kib // 1024} MiB at most")


if __name__ == "__main__":
    main()
