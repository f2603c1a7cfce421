"""The front door, and the page that shows what came of going through it."""
