"""Ask the host project what it has and decides."""
