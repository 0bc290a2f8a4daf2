"""Measurements of what the product costs, with the targets that it is held to. Run ``python -m bench``."""
