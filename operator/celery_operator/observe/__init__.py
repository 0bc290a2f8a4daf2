"""Reads pods, sidecars, brokers, result backends and Secrets, and builds snapshots from them."""
