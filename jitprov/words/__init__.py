"""Say things to people."""
