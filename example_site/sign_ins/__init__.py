"""The front page, and the page that explains a person's last sign-in."""
