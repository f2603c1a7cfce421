"""Show the pictures that ``make pictures`` takes of pages; on a phone, the one of the page on a phone."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

DOCS = Path(__file__).parents[1]
FOLDER = "_static/pictures"
WIDEST_PHONE = "46em"
"""Up to this width a window is a phone, as in ``_static/jitprov.css``."""


class ScreenDirective(SphinxDirective):
    """The picture of a page, with a caption below it that says what to look at."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        first, *caption = self.parse_content_to_nodes()
        image = next(first.findall(nodes.image), None)
        if image is None:
            raise self.error("A screen begins with its picture.")
        begin = f'<figure class="jitprov-screen"><picture>{self._on_a_phone(image["uri"])}'
        return [
            nodes.raw("", begin, format="html"),
            image,
            nodes.raw("", "</picture><figcaption>", format="html"),
            *caption,
            nodes.raw("", "</figcaption></figure>", format="html"),
        ]

    def _on_a_phone(self, uri: str) -> str:
        """Return the ``<source>`` for narrow windows, if there is a picture of the page in one."""
        name = PurePosixPath(uri).name.replace("-desktop.", "-phone.")
        if not (DOCS / FOLDER / name).is_file():
            return ""
        to_the_top = "../" * self.env.docname.count("/")
        return f'<source media="(max-width: {WIDEST_PHONE})" srcset="{to_the_top}{FOLDER}/{name}">'


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("screen", ScreenDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
