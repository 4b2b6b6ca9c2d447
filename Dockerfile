# syntax=docker/dockerfile:1
# Trigger Center in one container. The console is built inside the Python build by the Node
# that comes in a wheel, so no stage needs one of its own.
# Mirrors: --build-arg PIP_INDEX_URL=… --build-arg NPM_CONFIG_REGISTRY=…

FROM python:3.11-slim-trixie AS build
ARG PIP_INDEX_URL
ARG NPM_CONFIG_REGISTRY
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY . .
RUN python -m venv /opt/triggerhub \
    && pip wheel --no-deps --wheel-dir /wheels . \
    && /opt/triggerhub/bin/pip install /wheels/*.whl \
    && /opt/triggerhub/bin/python -m compileall -q /opt/triggerhub

FROM python:3.11-slim-trixie
# For `backup`, `restore` and updates on PostgreSQL; of the same version as in compose.yaml.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/*
RUN groupadd --system --gid 10001 hub \
    && useradd --system --uid 10001 --gid hub --home-dir /var/lib/triggerhub --shell /usr/sbin/nologin hub \
    && install --directory --owner=hub --group=hub --mode=0700 /var/lib/triggerhub
COPY --from=build /opt/triggerhub /opt/triggerhub
ENV PATH=/opt/triggerhub/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TRIGGERHUB_DATA_DIR=/var/lib/triggerhub \
    TRIGGERHUB_HTTP_HOST=0.0.0.0 \
    TRIGGERHUB_HTTP_PORT=8080 \
    TRIGGERHUB_SMTP_HOST=0.0.0.0 \
    TRIGGERHUB_SMTP_PORT=8025
USER hub
WORKDIR /var/lib/triggerhub
VOLUME /var/lib/triggerhub
EXPOSE 8080 8025
# It drains on SIGTERM: what was accepted is finished, consoles are told.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['TRIGGERHUB_HTTP_PORT'] + '/healthz', timeout=2)"]
ENTRYPOINT ["triggerhub"]
CMD ["serve"]
