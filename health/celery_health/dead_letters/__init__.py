"""The dead-letter queue of an application: read its messages, put them back into their queues, drop them."""
