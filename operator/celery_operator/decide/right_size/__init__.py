"""The right size of each group's workers, from what they have used of memory and CPU."""
