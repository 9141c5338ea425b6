"""Processes that are followed by strace, which kills them at a system call."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import SECONDS

# What changes files or puts changes to disk; the rest of what a promotion does is reading and memory.
CHANGES = (
    "openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,rmdir,chmod,flock,ftruncate"
)


@contextmanager
def traced(process: subprocess.Popen[bytes], log: Path, *options: str) -> Iterator[None]:
    """Attach strace to a process that waits, and let it go on."""
    command = ["strace", "-f", "-o", str(log), *options, "-p", str(process.pid)]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE)
    assert tracer.stderr is not None
    assert b"attached" in tracer.stderr.readline()
    assert process.stdin is not None
    process.stdin.write(b"go\n")
    process.stdin.close()
    yield
    process.wait(SECONDS)
    tracer.wait(SECONDS)
    assert process.stdout is not None
    process.stdout.close()
    tracer.stderr.close()


def counted_calls(log: Path) -> Counter[str]:
    """Return how often a process that was followed made each system call."""
    return Counter(found[1] for line in log.read_text().splitlines() if (found := re.match(r"\d+ +(\w+)\(", line)))
