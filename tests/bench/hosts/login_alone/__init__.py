"""A host without single sign-on: it looks up the user whom the form names and calls ``login()``."""
