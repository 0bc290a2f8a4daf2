"""RabbitMQ and other AMQP 0-9-1 brokers: over AMQP, and over RabbitMQ's management API."""
