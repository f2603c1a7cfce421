"""The demo: a small multi-tenant product that signs its tenants' people in with jitprov, and an example to copy."""
