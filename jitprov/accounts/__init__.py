"""Write accounts: the engine that makes them agree with what an identity provider says."""
