"""A door: tags for the templates of a host's admin.

They show what readers find to whoever looks at the page. They never show a row outside that person's scope.
"""

from __future__ import annotations
