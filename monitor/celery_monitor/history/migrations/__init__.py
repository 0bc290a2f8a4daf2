"""Revisions of the tables. Each file of ``versions`` is one; its number is the revision's id."""
