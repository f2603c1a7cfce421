"""A writer: the changes to a tenant's configuration, each judged once, written and recorded with who made it.

It takes and returns values, never a request or a form: the page, the setup link, the API and commands translate.
"""

from __future__ import annotations

__all__ = [
    "certificates",
    "claim_mappings",
    "columns",
    "email_domains",
    "enabling",
    "group_mappings",
    "identity_providers",
    "setup_links",
]
