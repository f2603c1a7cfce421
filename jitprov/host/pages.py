"""The pages of jitprov, in the host's base template where that shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import render_to_string

from jitprov.conf import conf

OWN_BASE = "jitprov/base.html"
_MARK = 'class="jitprov-page"'
"""Stands in each of our templates, around what they have to say."""


def page(request: Any, template: str, context: Mapping[str, Any]) -> str:
    """Return a page of ours as HTML: in the host's base template, or in our own where the host's does not fit.

    Whether it fits is seen by trying. A base template without a ``content`` block, or with one that a parent
    never shows, gives a page without us; one that can not be loaded gives none; and somebody who could not be
    signed in is to be told why all the same.
    """
    try:
        html: str = render_to_string(
            template, {**context, "base_template": conf.BASE_TEMPLATE}, request
        )
    except (TemplateDoesNotExist, TemplateSyntaxError):
        html = ""
    if _MARK in html:
        return html
    return render_to_string(template, {**context, "base_template": OWN_BASE}, request)
