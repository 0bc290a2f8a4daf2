"""How a look is told: as JSON for programs, as a table for people, as one line."""
