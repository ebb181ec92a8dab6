# The service, its worker and all commands: one image, one program, `seenby`.
#   docker build -t seenby .
#   docker run --rm -p 127.0.0.1:8000:8000 -e DEMO=1 seenby demo
# With Sentry's package, for SENTRY_DSN: --build-arg REQUIREMENTS=requirements-sentry.txt
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
ARG REQUIREMENTS=requirements.txt
WORKDIR /src
# An environment without pip, of what the service runs on and nothing else.
COPY requirements.txt requirements-sentry.txt requirements-otel.txt requirements-build.txt ./
RUN python -m venv --without-pip /opt/seenby \
    && pip --python /opt/seenby/bin/python install --no-cache-dir --no-compile \
        --only-binary :all: --require-hashes -r "$REQUIREMENTS" \
    && pip install --no-cache-dir --require-hashes -r requirements-build.txt
COPY LICENSE README.md pyproject.toml requirements.in requirements-sentry.in requirements-otel.in ./
COPY chat chat
COPY config config
COPY receipts receipts
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /dist . \
    && pip --python /opt/seenby/bin/python install --no-cache-dir --no-compile --no-deps \
        /dist/*.whl
# Left out: what debuggers read, translations (the service speaks English alone), what other code
# compiles against, tests, a second viewer of the schema, and maps. The libraries in *.libs have been
# patched, and stripping breaks such files. Bytecode that is never compared with its source makes the
# start short.
RUN apt-get update -q && apt-get install -y -q --no-install-recommends binutils
RUN cd /opt/seenby/lib/python3*/site-packages \
    && find . -name '*.so' -not -path '*.libs/*' -exec strip --strip-unneeded {} + \
    && find . -type f \( -name '*.po' -o -name '*.mo' -o -name '*.pyx' -o -name '*.pxd' \
        -o -name '*.pyi' -o -name '*.map' \) -delete \
    && find . -type d \( -name tests -o -name redoc -o -path './django/contrib/gis' \) \
        -prune -exec rm -r {} + \
    && find ./django/conf/locale -mindepth 1 -maxdepth 1 -type d -not -name 'en*' -exec rm -r {} + \
    && /opt/seenby/bin/python -m compileall -q --invalidation-mode unchecked-hash .

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="Seenby" \
    org.opencontainers.image.licenses="MIT"
# /run/seenby is where compose.yaml mounts the database's password.
RUN groupadd --gid 10001 seenby \
    && useradd --uid 10001 --gid seenby --home-dir /var/lib/seenby --no-create-home \
        --shell /usr/sbin/nologin seenby \
    && install -d -o seenby -g seenby -m 0700 /var/lib/seenby /run/seenby
COPY --from=build /opt/seenby /opt/seenby
ENV PATH=/opt/seenby/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DATA_DIR=/var/lib/seenby \
    HOST=0.0.0.0 \
    PORT=8000
USER 10001:10001
WORKDIR /var/lib/seenby
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz/', timeout=4)"]
ENTRYPOINT ["seenby"]
CMD ["serve", "--workers", "2"]
