# docker build -t staking-backend .
# docker run --init --read-only --tmpfs /tmp -v staking:/var/lib/staking --env-file .env -p 127.0.0.1:8000:8000 staking-backend
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/staking
# What is pinned changes rarely, so its layer is kept.
COPY requirements-alerts.txt ./
RUN /opt/staking/bin/pip install --no-cache-dir --require-hashes -r requirements-alerts.txt
COPY pyproject.toml README.md LICENSE requirements.in requirements-alerts.in requirements-fit.in requirements-mcp.in ./
COPY scheduling/ scheduling/
COPY staking_project/ staking_project/
COPY validators/ validators/
RUN /opt/staking/bin/pip install --no-cache-dir --no-deps .

FROM python:3.12-slim-bookworm
RUN install -d -m 0700 -o 10001 -g 10001 /var/lib/staking
COPY --from=build /opt/staking /opt/staking
ENV PATH=/opt/staking/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    STATE_DIR=/var/lib/staking
USER 10001:10001
WORKDIR /var/lib/staking
VOLUME ["/var/lib/staking"]
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# The web server. Workers: staking-backend qcluster, without this health check and with an init (docker run --init).
CMD ["gunicorn", "staking_project.wsgi", "--config", "python:staking_project.gunicorn_config", \
    "--bind", "0.0.0.0:8000", "--workers", "2", "--worker-tmp-dir", "/tmp"]
