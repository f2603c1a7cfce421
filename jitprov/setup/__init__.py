"""Setting an identity provider up on one page: forms that the admin, setup links and the API share, and the page itself."""
