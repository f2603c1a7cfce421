"""A small multi-tenant product that signs its tenants' people in with jitprov: the demo, and an example to copy."""
