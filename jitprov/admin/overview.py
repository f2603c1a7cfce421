"""The overview of what needs attention, on the admin's index.

The index belongs to the host and to its theme. So nothing of it is replaced:

- The default site gets an ``index_template`` that extends whichever ``admin/index.html`` the host has and adds to its
  ``content`` block, which every theme has. A file ``admin/index.html`` of ours would be found only if jitprov stood
  before ``django.contrib.admin`` in ``INSTALLED_APPS``, and it would replace the theme's.
- Only a site without an ``index_template`` gets ours. A host that sets its own, before or after, keeps it, and can
  write ``{% load jitprov_status %}{% jitprov_overview %}`` into it. The same holds for sites other than the default
  one. ``admin.site.index_template = "admin/index.html"`` removes the overview.
- jitprov's own page, ``admin/jitprov/``, has the overview too: Django finds ``admin/jitprov/app_index.html`` by itself.
"""

from __future__ import annotations

from django.contrib import admin

INDEX_TEMPLATE = "admin/jitprov/index.html"


def show_on_index(site: admin.AdminSite) -> None:
    """Add the overview to the index of a site that has no template of its own."""
    if site.index_template is None:
        site.index_template = INDEX_TEMPLATE


show_on_index(admin.site)
