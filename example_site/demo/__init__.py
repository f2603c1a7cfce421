"""``manage.py demo``: everything set up, then the server or one walk through it."""
