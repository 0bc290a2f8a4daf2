"""What runs now: workers, queues, the schedule of beat, and what the monitor knows of itself."""
