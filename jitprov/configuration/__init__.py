"""A writer: the changes to a tenant's configuration, each judged once, written and recorded with who made it.

It takes and returns values, never a request or a form. Today that is enabling and disabling an identity provider.
"""

from __future__ import annotations

__all__ = ["drafts", "enabling", "setup_links"]
