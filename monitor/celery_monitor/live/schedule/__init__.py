"""The schedule of beat. Beat sends no events, so it is read where the scheduler keeps it."""
