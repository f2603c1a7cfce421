"""Define the directives that make pages of the reference from the code.

``facts`` adds facts of the code to a table that people write.
``settings``, ``transforms``, ``errors`` and ``usage`` write a whole table or text.
"""

from __future__ import annotations

import json
from argparse import Action, HelpFormatter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

from django.apps import apps
from django.core.management import load_command_class
from django.db.models import Field
from django.db.models.fields import NOT_PROVIDED
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import jitprov
from jitprov.conf import Conf
from jitprov.exceptions import JitprovError
from jitprov.provisioning.parameters import Parameter
from jitprov.provisioning.transforms import TRANSFORMS
from jitprov.words.refusals import EXPLANATIONS, explain

Facts = Callable[[str], Sequence[str]]
"""Returns the facts of the code about a name: one Markdown text for each of the first cells of its row."""


class FactsDirective(SphinxDirective):
    """A table whose first cells name things, with facts of the code below the text of each cell.

    The body is an ordinary table, so that the page can be read where nothing is built.
    """

    has_content = True
    required_arguments = 1
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        kind, *about = self.arguments
        facts = _KINDS[kind](*about)
        parsed = self.parse_content_to_nodes()
        for body in (body for node in parsed for body in node.findall(nodes.tbody)):
            for row in body.findall(nodes.row):
                self._add(row, facts)
        return parsed

    def _add(self, row: nodes.row, facts: Facts) -> None:
        name = row[0].astext()
        try:
            texts = facts(name)
        except LookupError as error:
            raise self.error(f"there is no {name}") from error
        for cell, text in zip(row.findall(nodes.entry), texts, strict=False):
            if text:
                known = self.parse_text_to_nodes(text)
                cell.append(nodes.container("", *known, classes=["jitprov-fact"]))


def _refusals() -> Facts:
    def facts(code: str) -> Sequence[str]:
        explanation = EXPLANATIONS[code]
        return [f"Status {explain(code).status}", f"The person reads: “{explanation.happened}”"]

    return facts


def _columns(model: str) -> Facts:
    fields = {field.name: field for field in apps.get_model("jitprov", model)._meta.concrete_fields}
    return lambda name: [", ".join(filter(None, [_type(fields[name]), _default(fields[name])]))]


def _type(field: Field[Any, Any]) -> str:
    if field.related_model:
        return "foreign key"
    kind = field.get_internal_type().removesuffix("Field")
    return f"{kind} ({field.max_length})" if field.max_length else kind


def _default(field: Field[Any, Any]) -> str:
    if field.default is NOT_PROVIDED:
        return "may be empty" if field.blank and field.editable else ""
    if callable(field.default) and field.default is not list:
        return ""  # made for each row
    value = field.get_default()
    # Of a URN the last part says it.
    return f"default `{str(getattr(value, 'value', value)).rpartition(':')[2]}`"


_KINDS: Mapping[str, Callable[..., Facts]] = {"refusals": _refusals, "columns": _columns}


class TextDirective(SphinxDirective):
    """Markdown that is made from the code. The body is for readers of the source, where nothing is built."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes("\n".join(self.lines()))

    def lines(self) -> Iterable[str]:
        raise NotImplementedError


class SettingsDirective(TextDirective):
    """A table of all settings, each with the first line of its docstring."""

    def lines(self) -> Iterator[str]:
        yield from ("| Setting | In short |", "|---|---|")
        for name, value in vars(Conf).items():
            if name.isupper():
                first = (value.__doc__ or "").partition("\n")[0].replace("``", "`")
                link = f"[`JITPROV_{name}`](#jitprov_{name.lower()})"
                yield f"| {link} | {first.replace(':class:', '')} |"


class TransformsDirective(TextDirective):
    """A table of all transforms, each with its summary and its parameters."""

    def lines(self) -> Iterator[str]:
        yield from ("| Name | What it does | Parameters |", "|---|---|---|")
        for spec in TRANSFORMS.values():
            parameters = ", ".join(map(_parameter, spec.parameters))
            yield f"| `{spec.name}` | {spec.summary} | {parameters} |"


def _parameter(parameter: Parameter) -> str:
    words = [" or ".join(f"`{choice}`" for choice in parameter.choices) or parameter.kind.value]
    if parameter.required:
        words.append("required")
    elif parameter.default not in (None, ()):
        words.append(f"default `{json.dumps(parameter.default)}`")
    return f"`{parameter.name}` ({', '.join(words)})"


class ErrorsDirective(TextDirective):
    """A table of all errors of jitprov: the code, what happened, and the class."""

    def lines(self) -> Iterator[str]:
        for module in walk_packages(jitprov.__path__, "jitprov."):
            import_module(module.name)
        yield from ("| Code | What happened | Class |", "|---|---|---|")
        for error in sorted(_family(JitprovError), key=lambda error: error.code):
            happened = " ".join((error.__doc__ or "").split("\n\n")[0].split()).replace("``", "`")
            yield f"| `{error.code}` | {happened} | `{error.__module__}.{error.__qualname__}` |"


def _family(error: type[JitprovError]) -> set[type[JitprovError]]:
    return {error}.union(*map(_family, error.__subclasses__()))


class UsageDirective(SphinxDirective):
    """The help text of a management command. The body is for readers of the source, where nothing is built."""

    has_content = True
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        text = usage(self.arguments[0])
        return [nodes.literal_block(text, text, language="text")]


def usage(command: str) -> str:
    """Return the help text of a command, without the options that all commands of Django have."""
    everybodys = {"help", "version", "verbosity", "settings", "pythonpath", "traceback"}
    everybodys |= {"no_color", "force_color", "skip_checks"}
    kept: list[Action] = []

    class Shortened(HelpFormatter):
        """Leave out the options that all commands have."""

        def add_usage(self, usage: Any, actions: Iterable[Action], *rest: Any, **more: Any) -> None:
            kept.extend(action for action in actions if action.dest not in everybodys)
            super().add_usage(usage, kept, *rest, **more)

        def add_argument(self, action: Action) -> None:
            if action in kept:
                super().add_argument(action)

    parser = load_command_class("jitprov", command).create_parser("manage.py", command)
    parser.formatter_class = partial(Shortened, width=80)
    return parser.format_help()


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("facts", FactsDirective)
    app.add_directive("settings", SettingsDirective)
    app.add_directive("transforms", TransformsDirective)
    app.add_directive("errors", ErrorsDirective)
    app.add_directive("usage", UsageDirective)
    return {"parallel_read_safe": True}
