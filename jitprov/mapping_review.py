"""What is wrong with a mapping, or will never do anything, in words."""
