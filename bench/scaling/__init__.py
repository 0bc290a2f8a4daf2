"""A simulator of one worker group under load: our scaler and models of its peers, on the same tasks."""
