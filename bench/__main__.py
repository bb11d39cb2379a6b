"""Each benchmark in a process of its own, since peak memory belongs to a process."""

import subprocess
import sys

ALL = (
    *("bench_peers", "bench_throughput", "bench_clip"),
    *("bench_read", "bench_load", "bench_plan", "bench_scale", "bench_merge"),
    *("bench_mirror", "bench_trim", "bench_governor --world guest --seeds 2", "bench_explore", "bench_ray"),
)


def main() -> int:
    for name in sys.argv[1:] or ALL:
        print(f"\n== {name}", flush=True)
        subprocess.run([sys.executable, "-m", *f"bench.{name}".split()], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
