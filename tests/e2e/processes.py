"""Start server processes on free ports, wait for them, and end them."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

DEADLINE = 30.0
"""Seconds until a server must answer, long enough for a busy machine; a quiet one needs a tenth of a second."""


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(
    command: Sequence[str], *, port: int, log: Path, cwd: Path, env: Mapping[str, str]
) -> Iterator[None]:
    """Run a server in this block, which begins when the server takes connections."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=cwd, env=env, stdout=output, stderr=output)
        try:
            _wait_until_answering(process, port, log)
            yield
        finally:
            process.terminate()
            process.wait(timeout=DEADLINE)


def _wait_until_answering(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    give_up = time.monotonic() + DEADLINE
    while not _answers(port):
        if _has_ended(process) or time.monotonic() > give_up:
            said = log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"no server came up on port {port}; it said:\n{said}")


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Say whether the server has ended, after a short wait."""
    try:
        process.wait(timeout=0.02)
    except subprocess.TimeoutExpired:
        return False
    return True
