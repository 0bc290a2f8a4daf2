"""Tasks, runs and labels as rows of their tables, and back."""
