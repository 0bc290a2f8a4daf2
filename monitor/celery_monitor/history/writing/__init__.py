"""Records into rows: merged with what is stored, in batches, each in one transaction."""
