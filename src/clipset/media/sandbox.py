"""What the media child gives up before it reads the first hostile byte. What a system does not have is left out."""

import contextlib
import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38  # linux/prctl.h
_THREAD_ATTRIBUTES_BYTES = 64  # sizeof(pthread_attr_t) is 56 on 64-bit Linux
_STACK_BYTES = 1024 * 1024
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000  # linux/sched.h


def die_with_parent(parent_pid: int) -> None:
    """Linux: be killed when the parent thread ends. Elsewhere the closed socket ends the child at its next message."""
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent_pid:
            sys.exit("the parent is gone already")


def lock_down(memory_bytes: int) -> None:
    """No more memory than this, no core dump, no network, no new rights, and no new file or socket from now on."""
    _small_stacks()
    if sys.platform == "linux":
        _libc().unshare(_CLONE_NEWUSER | _CLONE_NEWNET)  # refused in some containers: the limit on files holds anyway
        _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_AS, memory_bytes)
    _limit(resource.RLIMIT_NOFILE, 0)


def _small_stacks() -> None:
    """libav starts an idle thread per core for each filter, and 8 MiB of stack for each are soon all there may be."""
    libc, attributes = _libc(), ctypes.create_string_buffer(_THREAD_ATTRIBUTES_BYTES)
    if hasattr(libc, "pthread_setattr_default_np"):
        libc.pthread_attr_init(attributes)
        libc.pthread_attr_setstacksize(attributes, ctypes.c_size_t(_STACK_BYTES))
        libc.pthread_setattr_default_np(attributes)


def _limit(which: int, value: int) -> None:
    with contextlib.suppress(ValueError, OSError):  # macOS does not limit address space
        resource.setrlimit(which, (value, value))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
