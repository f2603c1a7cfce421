"""Find what needs attention."""
