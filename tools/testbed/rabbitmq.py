"""RabbitMQ in a pod, from the public image or from the local image of the same name."""

IMAGE = "rabbitmq:3.13-alpine"
URL = "amqp://guest:guest@rabbitmq:5672//"
# The public image starts with a script of its own, which the local image lacks.
START = (
    "command -v docker-entrypoint.sh && exec docker-entrypoint.sh rabbitmq-server; "
    "exec /usr/lib/rabbitmq/bin/rabbitmq-server"
)
