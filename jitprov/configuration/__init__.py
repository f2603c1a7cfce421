"""Change a tenant's configuration."""
