"""The people who use the product."""
