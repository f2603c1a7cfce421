"""Which base template the pages of jitprov stand in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.template import Context, Template, TemplateDoesNotExist, TemplateSyntaxError
from django.template.base import Node
from django.template.loader import get_template
from django.template.loader_tags import BlockNode, ExtendsNode

from jitprov.conf import conf

OWN_BASE = "jitprov/base.html"


def base_template() -> str:
    """Return the host's base template if it has a ``content`` block that our pages can fill, else our own.

    Also where the host's can not be loaded: somebody who could not be signed in is told why all the same.
    """
    try:
        found: Any = get_template(conf.BASE_TEMPLATE)
        fits = _shows_content(getattr(found, "template", None))
    except (TemplateDoesNotExist, TemplateSyntaxError):
        fits = False
    return conf.BASE_TEMPLATE if fits else OWN_BASE


def _shows_content(template: Any) -> bool:
    """Say whether a ``content`` block is among what is shown, after all that templates replace of their parents'.

    It is not enough that it is written there: in a child template a block that the parent lacks is never shown,
    and our page would be empty.
    """
    if not isinstance(template, Template):
        return False  # of another template engine, which ours cannot extend
    family = list(_with_ancestors(template))
    shown: dict[str, Any] = {}
    for member in family:
        for block in _nodes(member, BlockNode):
            shown.setdefault(block.name, block)
    return any(_leads_to_content(node, shown) for node in family[-1].nodelist)


def _with_ancestors(template: Template) -> Iterator[Template]:
    context = Context()
    member: Template | None = template
    with context.bind_template(template):
        while member is not None:
            yield member
            extends = _nodes(member, ExtendsNode)
            member = extends[0].get_parent(context) if extends else None


def _nodes(template: Template, kind: type[Node]) -> list[Any]:
    return template.nodelist.get_nodes_by_type(kind)


def _leads_to_content(node: Any, shown: Mapping[str, Any]) -> bool:
    if isinstance(node, BlockNode):
        if node.name == "content":
            return True
        node = shown[str(node.name)]
    parts = (getattr(node, name, None) or () for name in node.child_nodelists)
    return any(_leads_to_content(child, shown) for part in parts for child in part)
