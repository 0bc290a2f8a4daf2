"""The application of document 003, whose tasks are counted."""
