"""Make parts of the documentation from the code, so that nothing is said twice."""
