"""Which base template the pages of jitprov stand in."""

from __future__ import annotations

from typing import Any

from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.template.loader_tags import BlockNode

from jitprov.conf import conf

OWN_BASE = "jitprov/base.html"


def base_template() -> str:
    """Return the host's base template if it has a ``content`` block that our pages can fill, else our own."""
    try:
        template: Any = get_template(conf.BASE_TEMPLATE)
    except TemplateDoesNotExist:
        return OWN_BASE
    nodes = getattr(getattr(template, "template", None), "nodelist", None)
    blocks = nodes.get_nodes_by_type(BlockNode) if nodes is not None else []
    return conf.BASE_TEMPLATE if any(block.name == "content" for block in blocks) else OWN_BASE
