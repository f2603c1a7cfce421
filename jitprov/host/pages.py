"""Render a page of jitprov in the host's base template, or in our own if the host's does not show the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import render_to_string

from jitprov.conf import conf
from jitprov.host.provisioner import provisioner_class

OWN_BASE = "jitprov/base.html"
_MARK = 'class="jitprov-page"'
"""The mark that each of our templates has around its content."""


def page(request: Any, template: str, context: Mapping[str, Any], *, tenant: Any = None) -> str:
    """Return a page as HTML: in the host's base template, or in our own if the host's does not show the page.

    The result is searched for our mark. A base template without a ``content`` block, or with one that a parent never
    shows, gives a page without our content. A base template that cannot be loaded gives no page. People must see why
    they could not be signed in all the same.
    """
    context = {"product": provisioner_class().product_for(tenant), **context}
    try:
        html: str = render_to_string(
            template, {**context, "base_template": conf.BASE_TEMPLATE}, request
        )
    except (TemplateDoesNotExist, TemplateSyntaxError):
        html = ""
    if _MARK in html:
        return html
    return render_to_string(template, {**context, "base_template": OWN_BASE}, request)
