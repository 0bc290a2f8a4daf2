"""The database of the history: SQLite or PostgreSQL behind one small interface."""
