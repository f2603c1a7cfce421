"""The command ``manage.py demo``, which sets everything up and then runs the server or one walk through it."""
