# The double over HTTP, for tests in any language: docker run -p 127.0.0.1:5005:5005 datazone-ts
# Build the wheel first, into an empty dist/: python -m build --wheel
FROM python:3.13-slim

COPY dist/pytest_datazone_ts-*.whl /tmp/
RUN pip install --no-cache-dir "$(ls /tmp/pytest_datazone_ts-*.whl)[server]" \
    && rm /tmp/pytest_datazone_ts-*.whl \
    && useradd --system --no-create-home datazone

USER datazone
EXPOSE 5005
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:5005/_datazone_ts/audit', timeout=3)"]

# A published port does not reach the container's 127.0.0.1.
ENTRYPOINT ["python", "-m", "pytest_datazone_ts", "serve", "--host", "0.0.0.0", "--port", "5005"]
