"""The commands, and what they have in common: options, and how a program ends."""
