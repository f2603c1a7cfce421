"""A door: the page and the link that set an identity provider up, with the forms that the admin and the API share.

It translates what somebody typed and what they are shown. It never decides whose configuration somebody may see:
:mod:`jitprov.scope` does.
"""

from __future__ import annotations

__all__: list[str] = []
