"""The parts of URLs: how SQLAlchemy reads those of databases, and what no part may have."""
