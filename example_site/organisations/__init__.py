"""The customers of the product: the tenant model."""
