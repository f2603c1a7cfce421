"""Look at a mapping before it counts."""
