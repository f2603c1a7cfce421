"""The product: who sits where today."""
