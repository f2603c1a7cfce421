"""A host that signs people in with jitprov."""
