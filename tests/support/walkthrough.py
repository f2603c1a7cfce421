"""Follow a page of the documentation as a reader does: every block and every click, from an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.browser import Browser
from tests.e2e.processes import free_port, serving

_STEP = re.compile(
    r"^```(?P<language>\w+) ?(?P<role>[\w./+-]*)\n(?P<code>.*?)^```$"
    r"|\bOpen <(?P<url>[^>]+)>"
    r"|\bEnter `(?P<typed>[^`]+)`"
    r"|\b[Pp]ress \*\*(?P<button>[^*]+)\*\*"
    r"|“(?P<seen>[^”]+)”",
    re.MULTILINE | re.DOTALL,
)


_COMMAND = re.compile(r"^\$ (.+\n(?:> .*\n)*)((?:[^$].*\n)*)", re.MULTILINE)
"""A command, with its continuation lines and the output below it."""


class Misled(AssertionError):
    """Something that the page promises did not happen."""


@dataclass(slots=True)
class Reader:
    """A reader who does what a page says, in its order.

    Blocks of Python are written to the file that they name; ``+`` appends. Commands are run, and the output that the
    page shows must be in theirs; those of a *server* run until the end. Of the text these are followed: Open <URL>,
    Enter `text`, press **button**, and “what the page then says”.
    """

    folder: Path
    stack: ExitStack
    browser: Browser = field(default_factory=Browser)
    ports: dict[str, int] = field(
        default_factory=lambda: {"8000": free_port(), "9000": free_port()}
    )
    typed: str = ""

    def work_through(self, text: str) -> int:
        """Do everything, and return the number of steps."""
        steps = list(_STEP.finditer(text))
        for step in steps:
            self._do({name: self._here(given) for name, given in step.groupdict("").items()})
        return len(steps)

    def _here(self, text: str) -> str:
        """Replace the ports of the page by free ones."""
        return re.sub(r"\b(8000|9000)\b", lambda match: str(self.ports[match[0]]), text)

    def _do(self, step: dict[str, str]) -> None:
        if step["code"]:
            self._do_block(step["language"], step["role"], step["code"])
        acts = {"url": self._open, "typed": self._type, "button": self._press, "seen": self._see}
        for name, act in acts.items():
            if step[name]:
                act(" ".join(step[name].split()))

    def _do_block(self, language: str, role: str, code: str) -> None:
        if language == "python":
            self._write(role, code)
        elif role == "server":
            self._start(code.removeprefix("$ ").strip())
        else:
            self._give(code)

    def _write(self, path: str, code: str) -> None:
        file = self.folder / path.removeprefix("+")
        before = file.read_text() if path.startswith("+") else ""
        file.write_text(before + code)

    def _start(self, command: str) -> None:
        [port] = (port for port in self.ports.values() if str(port) in command)
        log = self.folder / f"server-{port}.log"
        server = serving(
            ["bash", "-c", f"exec {command}"], port=port, log=log, cwd=self.folder, env=self._env
        )
        self.stack.enter_context(server)

    def _give(self, code: str) -> None:
        for lines, shown in _COMMAND.findall(code):
            command = lines.replace("\n> ", "\n").strip()
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=self.folder,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if done.returncode or shown not in done.stdout:
                raise Misled(f"$ {command}\n{done.stdout}")

    @property
    def _env(self) -> dict[str, str]:
        """Return the environment without the settings and modules of this checkout, and without a network."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return {"PATH": path, "HOME": str(self.folder), "PIP_NO_INDEX": "1", "LANG": "C.UTF-8"}

    def _open(self, url: str) -> None:
        self.browser.open(url)

    def _type(self, text: str) -> None:
        self.typed = text

    def _press(self, label: str) -> None:
        forms = self.browser.page.html.split("<form")[1:]
        fitting = [number for number, form in enumerate(forms) if f">{label}</button>" in form]
        if not fitting:
            raise Misled(f"no button {label}:\n{self.browser.page.html}")
        form = self.browser.page.forms[fitting[0]]
        typed = {"email": self.typed} if "email" in form.fields else {}
        self.browser.submit(form, typed)

    def _see(self, words: str) -> None:
        if words not in self.browser.page.text:
            raise Misled(f"not on the page: {words}\n{self.browser.page.text}")
