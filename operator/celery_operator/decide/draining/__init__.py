"""Which pods go when a group has too many, and how far each of them has drained."""
