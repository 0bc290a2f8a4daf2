"""One monitor from start to end: what is opened, what runs side by side, and how all of it ends."""
