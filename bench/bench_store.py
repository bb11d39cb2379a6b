"""Clips put into an object store by one and by many threads, and the CPU that our side of it takes.

python -m bench.bench_store [URL]             without a URL: into moto, in a process of its own on this machine

Against moto the puts a second are moto's; the CPU of a put is ours. A URL is used with the credentials that the
environment has, and the objects stay there.
"""

import contextlib
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3

from clipset.sinks import Place, checked_url

_CLIP_BYTES = 800_000
_THREADS = (1, 8, 32)
_PUTS = 300


def main() -> None:
    with contextlib.ExitStack() as stack:
        url = checked_url(sys.argv[1]) if len(sys.argv) > 1 else stack.enter_context(moto())
        place, never = Place(Path(), url), threading.Event()
        place.prepare(never)
        for threads in _THREADS:
            measure(place, threads, never)


def measure(place: Place, threads: int, never: threading.Event) -> None:
    sink, data = place.open(never), os.urandom(_CLIP_BYTES)
    paths = [f"bench/{threads}/abcdefghijk_{number:06d}_{number + 10:06d}.mp4" for number in range(_PUTS)]
    sink.put(paths[0], data)
    began_s, cpu_s = time.monotonic(), own_cpu_s()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda path: sink.put(path, data), paths))
    took_s, cpu_s = time.monotonic() - began_s, own_cpu_s() - cpu_s
    print(
        f"{threads:3} threads: {_PUTS / took_s:6.0f} puts/s of {_CLIP_BYTES / 1e6:g} MB,"
        f" {1000 * cpu_s / _PUTS:.1f} ms of our CPU a put"
    )


def own_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextlib.contextmanager
def moto() -> Iterator[str]:
    """The address of a bucket in a moto of our own; the environment names it."""
    code = (
        "import sys, time; from moto.server import ThreadedMotoServer;"
        "server = ThreadedMotoServer('127.0.0.1', 0, verbose=False); server.start();"
        "print(server.get_host_and_port()[1], flush=True); sys.stdin.read()"
    )
    os.environ |= {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
        boto3.client("s3").create_bucket(Bucket="bench-clips")
        try:
            yield "s3://bench-clips/some/where"
        finally:
            server.kill()


if __name__ == "__main__":
    main()
