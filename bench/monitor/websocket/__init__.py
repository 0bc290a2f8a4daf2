"""What live updates cost the monitor: clients of its WebSocket while events arrive."""
