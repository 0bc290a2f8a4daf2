# One target per program: operator, probe, monitor, example. All end in the same base image, so what the
# builder's venv links to (its python3) is there in the final stage as well.
ARG BASE_IMAGE=python:3.13-slim-trixie

FROM ${BASE_IMAGE} AS base
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1
WORKDIR /app

# The official Python images have no compiled standard library, and the user of a container cannot keep one: each start
# would compile what it imports, which takes seconds of CPU and 5 MB of memory.
FROM base AS final
RUN python3 -m compileall -q -x '/(test|idlelib|tkinter|turtledemo|ensurepip|pydoc_data|site-packages)/' \
    "$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"

FROM base AS builder
ARG UV_VERSION=0.13.8
# The base's own python3 and its own certificates, whichever distribution it is.
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1 \
    UV_PROJECT_ENVIRONMENT=/opt/venv \
    UV_PYTHON_DOWNLOADS=never \
    UV_SYSTEM_CERTS=1
RUN python3 -m venv /opt/uv \
 && /opt/uv/bin/pip install --no-cache-dir --disable-pip-version-check "uv==${UV_VERSION}" \
 && python3 -m venv --without-pip /opt/venv
WORKDIR /src
COPY pyproject.toml uv.lock ./

FROM builder AS operator-venv
RUN /opt/uv/bin/uv sync --frozen --no-dev --no-install-project --extra operator
COPY README.md LICENSE ./
COPY health health
COPY probe probe
COPY operator operator
RUN /opt/uv/bin/uv sync --frozen --no-dev --no-editable --extra operator

FROM builder AS probe-venv
RUN /opt/uv/bin/uv sync --frozen --no-dev --no-install-project --extra probe
COPY README.md LICENSE ./
COPY health health
COPY probe probe
RUN /opt/uv/bin/uv sync --frozen --no-dev --no-editable --extra probe

FROM builder AS monitor-venv
RUN /opt/uv/bin/uv sync --frozen --no-dev --no-install-project --extra apprise
COPY README.md LICENSE ./
COPY health health
COPY monitor monitor
RUN /opt/uv/bin/uv sync --frozen --no-dev --no-editable --extra apprise

FROM builder AS example-venv
RUN /opt/uv/bin/uv sync --frozen --no-dev --no-install-project --extra example
# Another Celery than the locked one, for tests of old versions:
# --build-arg CELERY_REQUIREMENTS="celery[redis]==5.3.6 kombu==5.3.4 redis==5.0.8"
ARG CELERY_REQUIREMENTS=""
RUN if [ -n "${CELERY_REQUIREMENTS}" ]; then \
      /opt/uv/bin/uv pip install --python /opt/venv/bin/python3 ${CELERY_REQUIREMENTS}; \
    fi

FROM final AS operator
COPY --from=operator-venv /opt/venv /opt/venv
# kopf asks for the user's name, and a bare uid has none.
ENV LOGNAME=celery-operator
USER 1000:1000
ENTRYPOINT ["celery-operator"]
CMD ["run"]

FROM final AS probe
COPY --from=probe-venv /opt/venv /opt/venv
# The extension of frozenlist loads libstdc++, 1.6 MB in every pod. A list of aiohttp's signals needs no C++.
ENV FROZENLIST_NO_EXTENSIONS=1
USER 1000:1000
ENTRYPOINT ["celery-probe"]
CMD ["serve"]

FROM final AS monitor
COPY --from=monitor-venv /opt/venv /opt/venv
# The history is below XDG_DATA_HOME, the only folder that the monitor writes to: the root may be read-only.
RUN install -d -o 1000 -g 1000 /data
ENV CELERY_MONITOR_HOST=0.0.0.0 \
    SQLITE_TMPDIR=/data \
    XDG_DATA_HOME=/data
VOLUME /data
EXPOSE 8555
USER 1000:1000
ENTRYPOINT ["celery-monitor"]

FROM final AS example
COPY --from=example-venv /opt/venv /opt/venv
# The presets that the shop is set up with.
COPY health/celery_health /app/celery_health
COPY examples/shop/shop /app/shop
USER 1000:1000
CMD ["celery", "-A", "shop.celery", "worker"]
