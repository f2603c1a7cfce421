"""Read, import and refresh an identity provider's metadata."""
