"""Read how much memory this process has used."""

from __future__ import annotations

from pathlib import Path


def peak() -> int:
    """Return the most bytes that this process has had in memory at once (Linux)."""
    # Not getrusage: its maximum begins with the process that this one was forked from.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [kilobytes] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(kilobytes) * 1024
