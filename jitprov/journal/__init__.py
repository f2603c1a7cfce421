"""Write down what happened."""
