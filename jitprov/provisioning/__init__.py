"""What should happen to an account, pure: facts in, a decision out. No Django, no SAML, no I/O."""

from __future__ import annotations
