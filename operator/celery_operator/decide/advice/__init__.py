"""What is wrong with the workers, and what a person can do about it."""
