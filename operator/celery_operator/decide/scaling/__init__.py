"""How many workers the load of a group needs, and the sentence that explains the number."""
