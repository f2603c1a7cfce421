"""A reader: what a mapping would do to real people, and what is wrong with it, before it counts.

It maps and decides as a sign-in does, and stops before the writing. It never writes.
"""
