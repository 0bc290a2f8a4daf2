"""A small shop: the application that the examples, the demo and the tests run."""
