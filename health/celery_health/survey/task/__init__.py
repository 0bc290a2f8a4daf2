"""What can be found out about one task without a monitor."""
