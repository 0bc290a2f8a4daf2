"""The node that pods run on: its programs, its network, its control group and its DNS."""
