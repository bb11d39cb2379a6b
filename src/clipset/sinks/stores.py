"""The door to fsspec: a whole object in, a range of it out, a copy inside the store. Nothing is tried twice here.

A put is one request whatever the clip's size (S3 takes 5 GiB in one), so an object is there complete or not at all,
and no upload in parts can be left behind. Every request has a time limit and ends early when the run is aborted.
"""

import asyncio
import base64
import concurrent.futures
import errno
import hashlib
import threading
from collections.abc import Mapping
from typing import Any

from clipset.config import UserError
from clipset.types import Interrupted

LIMIT_S = 60.0
"""Time for a request, beside what its bytes take at SLOWEST_BYTES_PER_S."""

SLOWEST_BYTES_PER_S = 10_000

_POLL_S = 0.2
_ONE_PART_BYTES = 4 * 1024**3
_S3_CONFIG: Mapping[str, object] = {
    "connect_timeout": 10,
    "read_timeout": 60,
    "max_pool_connections": 64,
    "retries": {"max_attempts": 0, "mode": "standard"},  # who waits and how long is decided in one place
}


class Store:
    """Objects of any fsspec file system whose `pipe_file` puts an object whole. Keys are what fsspec calls paths.

    Every method raises what the file system's library raises (`trouble.trouble_of` knows), and Interrupted.
    """

    def __init__(self, fs: Any, abort: threading.Event) -> None:
        self._fs, self._abort = fs, abort

    def put(self, key: str, data: bytes) -> None:
        """Raises OSError too when what is there then is not as long as `data`."""
        self._do("pipe_file", key, data, size_bytes=len(data))
        if (found := self.size_bytes(key)) != len(data):
            raise OSError(f"{len(data)} bytes were put, {found} are there")

    def copy(self, source: str, target: str) -> None:
        self._do("cp_file", source, target)

    def read(self, key: str, start: int, end: int) -> bytes:
        """Bytes start <= i < end, fewer where the object ends."""
        data: bytes = self._do("cat_file", key, start=start, end=end, size_bytes=end - start)
        return data

    def size_bytes(self, key: str) -> int:
        return int(self._do("info", key)["size"])

    def _do(self, name: str, *arguments: object, size_bytes: int = 0, **options: object) -> Any:
        if not self._fs.async_impl:
            return getattr(self._fs, name)(*arguments, **options)
        limit_s = LIMIT_S + size_bytes / SLOWEST_BYTES_PER_S
        work = asyncio.wait_for(getattr(self._fs, f"_{name}")(*arguments, **options), limit_s)
        request = asyncio.run_coroutine_threadsafe(work, self._fs.loop)
        try:
            while not concurrent.futures.wait([request], _POLL_S).done:
                if self._abort.is_set():
                    raise Interrupted
            return request.result()
        finally:
            request.cancel()


class S3Store(Store):
    """One request for each call. S3 compares what arrives with the MD5 and the CRC-32 of what was sent."""

    def put(self, key: str, data: bytes) -> None:
        digest = hashlib.md5(data, usedforsecurity=False).digest()
        self._do(
            "pipe_file",
            key,
            data,
            chunksize=_ONE_PART_BYTES,
            ContentMD5=base64.b64encode(digest).decode(),
            ContentType="video/mp4" if key.endswith(".mp4") else "text/plain",
            size_bytes=len(data),
        )

    def read(self, key: str, start: int, end: int) -> bytes:
        try:
            return super().read(key, start, end)
        except OSError as error:
            if error.errno == errno.EINVAL and "InvalidRange" in str(error.__cause__):
                return b""  # from the end on, and any range of an empty object
            raise

    def copy(self, source: str, target: str) -> None:
        bucket, key, _ = self._fs.split_path(source)
        to_bucket, to_key, _ = self._fs.split_path(target)
        self._do("call_s3", "copy_object", Bucket=to_bucket, Key=to_key, CopySource={"Bucket": bucket, "Key": key})


def open_store(protocol: str, abort: threading.Event) -> Store:
    """Asks nobody yet. Raises UserError when the library, or a part of its configuration, does not fit."""
    try:
        import fsspec  # noqa: PLC0415 - an extra, and half a second

        if protocol not in {"s3", "s3a"}:
            return Store(fsspec.filesystem(protocol, skip_instance_cache=True, use_listings_cache=False), abort)
        given = fsspec.config.conf.get(protocol, {}).get("config_kwargs", {})
        fs = fsspec.filesystem(
            protocol, skip_instance_cache=True, use_listings_cache=False, config_kwargs={**_S3_CONFIG, **given}
        )
    except ImportError as error:
        raise UserError(f"clips in an object store need a library that is not here: {error}") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise UserError(f"the settings of fsspec for {protocol}:// make no sense: {error}") from None
    fs.retries = 1
    return S3Store(fs, abort)
