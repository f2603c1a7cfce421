"""What needs attention, on the admin's index.

That page belongs to the host, and to the theme that it may have chosen. So nothing of it is replaced:

- A file ``admin/index.html`` of ours would be found only if jitprov stood before ``django.contrib.admin`` in
  ``INSTALLED_APPS``, and then it would take the place of a theme's. Instead the default site is given another
  ``index_template``, which extends whichever ``admin/index.html`` the host has and adds to its ``content``
  block, which every theme has too.
- Only where the site has none of its own. A host that sets ``index_template``, before or after, keeps what it set,
  and writes ``{% load jitprov_status %}{% jitprov_overview %}`` into it if it wants to. So does who has more sites
  than the default one, and to be rid of it is to set ``admin.site.index_template = "admin/index.html"``.
- jitprov's own page, ``admin/jitprov/``, has the same: Django looks for ``admin/jitprov/app_index.html`` by itself.
"""

from __future__ import annotations

from django.contrib import admin

INDEX_TEMPLATE = "admin/jitprov/index.html"


def show_on_index(site: admin.AdminSite) -> None:
    """Add the overview to the index of a site that has no template of its own."""
    if site.index_template is None:
        site.index_template = INDEX_TEMPLATE


show_on_index(admin.site)
