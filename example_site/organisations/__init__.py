"""Who our customers are: the tenant model."""
