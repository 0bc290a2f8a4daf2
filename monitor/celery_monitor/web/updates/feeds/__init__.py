"""What clients subscribe to: one feed for all equal subscriptions."""
