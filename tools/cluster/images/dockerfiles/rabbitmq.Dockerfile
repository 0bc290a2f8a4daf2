# Stands in for the public image of this name where no registry answers: Debian's RabbitMQ, same interface.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
# Like the public image, it lets the user guest in from other hosts.
RUN apt-get update -q \
 && RUNLEVEL=1 apt-get install -q -y --no-install-recommends rabbitmq-server \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
 && mkdir -p /data && chmod 0777 /data \
 && echo 'loopback_users.guest = false' > /etc/rabbitmq/rabbitmq.conf \
 && chmod 0644 /etc/rabbitmq/rabbitmq.conf
ENV HOME=/data \
    RABBITMQ_NODENAME=rabbit@localhost \
    RABBITMQ_MNESIA_BASE=/data/mnesia \
    RABBITMQ_LOG_BASE=/data/log \
    RABBITMQ_PID_FILE=/data/rabbitmq.pid \
    RABBITMQ_ENABLED_PLUGINS_FILE=/data/enabled_plugins \
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 1:1 +sbwt none"
EXPOSE 5672
USER rabbitmq
CMD ["/usr/lib/rabbitmq/bin/rabbitmq-server"]
