"""Live updates over a WebSocket: snapshots, then what changes."""
