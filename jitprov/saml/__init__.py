"""The SAML 2.0 protocol, pure: messages in, verified facts out. No Django."""

from __future__ import annotations
