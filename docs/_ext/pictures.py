"""Draw the pictures of the documentation: a sign-in, from one that is run; the wings, from import-linter's contract."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from _ext.recording import LANES, Message, record

ROOT = Path(__file__).parents[2]
LANE, STEP, TOP = 92, 30, 56
MOST_IN_A_LINE = 6


class PictureDirective(SphinxDirective):
    """A picture, by its name. The body says the same in words, for people who cannot see it."""

    has_content = True
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        [name] = self.arguments
        self.env.note_dependency(str(ROOT / "pyproject.toml"))
        label = 'role="img" aria-label="A picture; the text below says the same."'
        html = f'<div class="jitprov-picture" tabindex="0" {label}>{PICTURES[name]()}</div>'
        return [nodes.raw("", html, format="html"), *self.parse_content_to_nodes()]


@cache
def sequence() -> str:
    """Return a sequence diagram of one sign-in."""
    messages = record()
    bottom = TOP + STEP * len(messages) + 10
    return _svg(
        LANE * len(LANES),
        bottom + 10,
        [
            *(line for place, lane in enumerate(LANES) for line in _lane(place, lane, bottom)),
            *(
                line
                for number, message in enumerate(messages)
                for line in _arrow(message, TOP + STEP * (number + 1))
            ),
        ],
    )


def _lane(place: int, name: str, bottom: int) -> Iterator[str]:
    x = LANE * place + LANE // 2
    yield f'<line class="line" x1="{x}" y1="34" x2="{x}" y2="{bottom}"/>'
    yield f'<rect class="box" x="{x - 45}" y="6" width="90" height="28" rx="4"/>'
    yield f'<text class="small" x="{x}" y="24" text-anchor="middle">{escape(name)}</text>'


def _arrow(message: Message, y: int) -> Iterator[str]:
    start, end = (
        LANE * LANES.index(lane) + LANE // 2 for lane in (message.sender, message.recipient)
    )
    text = escape(message.text)
    if start == end:
        yield f'<path class="arrow" d="M{start} {y - 8}h14v10h-10"/>'
        yield _head(start + 2, y + 2, -1)
        yield f'<text class="quiet" x="{start + 20}" y="{y + 1}">{text}</text>'
        return
    side = 1 if end > start else -1
    yield f'<path class="arrow" d="M{start} {y}H{end - 4 * side}"/>'
    yield _head(end, y, side)
    # Right-hand lanes have little room to their right, so their words end where the arrow does.
    if end > start and LANES.index(message.recipient) > len(LANES) // 2:
        yield f'<text class="quiet" x="{end - 8}" y="{y - 5}" text-anchor="end">{text}</text>'
    else:
        yield f'<text class="quiet" x="{min(start, end) + 8}" y="{y - 5}">{text}</text>'


def _head(x: int, y: int, side: int) -> str:
    return f'<path class="head" d="M{x} {y}l{-8 * side} -4v8z"/>'


@cache
def layers() -> str:
    """Return a picture of the order of the wings: each row imports only from those below it."""
    width, height, gap = 730, 36, 10
    parts: list[str] = []
    top = 0
    for layer in _layers():
        for line in _lines(layer):
            each = width / len(line)
            for place, module in enumerate(line):
                parts.extend(_box(module, (each * place + 3, top + 2, each - 6, height - 4)))
            top += height
        top += gap
    return _svg(width, top, parts)


def _lines(layer: Sequence[str]) -> Iterator[Sequence[str]]:
    """Break a layer that is too wide to be read into lines, which stand closer together than layers."""
    number = -(-len(layer) // MOST_IN_A_LINE)
    each = -(-len(layer) // number)
    for start in range(0, len(layer), each):
        yield layer[start : start + each]


def _layers() -> Sequence[Sequence[str]]:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    contract = next(item for item in tools["importlinter"]["contracts"] if item["type"] == "layers")
    return [layer.split(" | ") for layer in contract["layers"]]


def _box(module: str, box: tuple[float, float, float, float]) -> Iterator[str]:
    x, y, width, height = box
    about = _docstring(module)
    pure = " pure" if about.startswith("Pure:") else ""
    yield f"<g><title>{escape(about)}</title>"
    yield f'<rect class="box{pure}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4"/>'
    size = min(13.0, 1.5 * width / len(module))
    middle = f'x="{x + width / 2:g}" y="{y + height / 2 + 5:g}" text-anchor="middle"'
    yield f'<text {middle} style="font-size: {size:.3g}px">{module}</text></g>'


def _docstring(module: str) -> str:
    """Return the first line of a module's docstring; its name if it has none."""
    path = ROOT / "jitprov" / module
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    text = ast.get_docstring(ast.parse(source.read_text("utf-8"))) or module
    return text.partition("\n")[0]


def _svg(width: int, height: int, parts: Sequence[str]) -> str:
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>'


PICTURES: dict[str, Callable[[], str]] = {"sign-in": sequence, "layers": layers}


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("picture", PictureDirective)
    return {"parallel_read_safe": True}
