"""What workers answer to remote control, as typed values. Any program can answer, with anything."""
