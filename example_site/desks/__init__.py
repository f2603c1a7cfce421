"""The product itself: which desk each person has today."""
