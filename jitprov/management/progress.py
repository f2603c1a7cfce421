"""Show how far a file has been read: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from types import TracebackType

from django.core.management.base import OutputWrapper

from jitprov.saml.aggregate import ByteSource

BAR_WIDTH = 30
_BAR_EVERY = 0.1
_LINE_EVERY = 10.0
"""Seconds."""


class Progress:
    """A stream that shows how far it has been read, and once more when its block ends."""

    def __init__(
        self,
        stream: ByteSource,
        size: int | None,
        *,
        out: OutputWrapper | None,
        told: Callable[[], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start the clock.

        :param size: in bytes; ``None`` if nobody knows.
        :param out: ``None`` tells nothing.
        :param told: says what has been done so far.
        """
        self._stream, self._size, self._out, self._told = stream, size, out, told
        self._clock, self._begin = clock, clock()
        self._on_terminal = out is not None and out.isatty()
        self._last, self._done, self._width = self._begin, 0, 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._on_terminal:
            self._tell(ending="\n")

    def read(self, size: int, /) -> bytes:
        """Read from the stream, and show the progress if it is time to."""
        chunk = self._stream.read(size)
        self._done += len(chunk)
        pause = _BAR_EVERY if self._on_terminal else _LINE_EVERY
        if self._clock() - self._last >= pause:
            self._last = self._clock()
            self._tell(ending="" if self._on_terminal else "\n")
        return chunk

    def line(self) -> str:
        """Return the line that shows the progress."""
        words = [f"{self._done / 1e6:.1f} MB", self._told(), f"{self._clock() - self._begin:.0f} s"]
        if self._size:
            share = min(self._done / self._size, 1)
            bar = ("#" * int(share * BAR_WIDTH)).ljust(BAR_WIDTH, ".")
            words.insert(0, f"[{bar}] {share:4.0%}")
        return "  ".join(words)

    def _tell(self, *, ending: str) -> None:
        if self._out is None:
            return
        text = self.line()
        if self._on_terminal:
            text = text[: shutil.get_terminal_size().columns - 1]
            # Blanks over what the line before has left.
            text, self._width = f"\r{text.ljust(self._width)}", len(text)
        self._out.write(text, style_func=str, ending=ending)
        self._out.flush()
