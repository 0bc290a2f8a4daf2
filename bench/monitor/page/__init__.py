"""The page in a browser: how soon it shows something, and how its frames and its memory bear many tasks."""
