"""What the documentation takes from the code instead of repeating it."""
