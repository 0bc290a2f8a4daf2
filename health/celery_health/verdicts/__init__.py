"""What is wrong with a worker, with beat and with a fleet, and the catalogue of all verdicts."""
