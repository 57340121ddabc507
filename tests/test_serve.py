"""``python -m pytest_datazone_ts serve``: the double outside a test."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress

import pytest
from internals import run_command
from sample import DOMAIN, ENTITY, FORM, PATIENCE

PATH = f"/v2/domains/{DOMAIN}/entities/ASSET/{ENTITY}/time-series-data-points"
BODY = json.dumps({"forms": [{**FORM, "timestamp": 0}]})
UNKNOWN = "AWS4-HMAC-SHA256 Credential=k/20240101/us-east-1/nothing/aws4_request, Signature=0"
PIPE = 4096
"""The size of the server's pipes, in bytes: the smallest that Linux allows."""
FULL = 1_100
"""The number of requests whose unread log lines fill a pipe and then the server's own queue."""
needs_sigterm = pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGTERM to send")


@contextmanager
def running(*arguments):
    """Run the command; yield the process and the port that it prints."""
    command = [sys.executable, "-m", "pytest_datazone_ts", "serve", *arguments]
    with subprocess.Popen(  # noqa: S603
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pipesize=PIPE,
        text=True,
        cwd=tempfile.gettempdir(),  # the installed package, not the checkout's
    ) as process:
        try:
            title, export = process.stdout.readline(), process.stdout.readline()
            url = export.strip().removeprefix("export AWS_ENDPOINT_URL_DATAZONE=")
            assert title == f"Amazon DataZone's time-series API is at {url} until Ctrl-C\n"
            yield process, int(url.removeprefix("http://127.0.0.1:"))
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="module")
def server():
    """The process and the port of a command without arguments; a test reads each line it causes."""
    with running() as process_and_port:
        yield process_and_port


def ask(port, method="POST", path=PATH, body=BODY):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body)
        return connection.getresponse().status
    except http.client.RemoteDisconnected:
        return None
    finally:
        connection.close()


def test_it_injects_faults_logs_each_call_and_stops_on_ctrl_c():
    faults = ["--fail", "ThrottlingException:2", "--fail", "ConnectionClosed"]
    with running(*faults) as (process, port):
        assert [ask(port) for _ in range(4)] == [429, 429, None, 201]
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
            connection.sendall(b"GET /v2/domains/\x1b[31m/x HTTP/1.1\r\n\r\n")
            assert connection.recv(2**10).startswith(b"HTTP/1.1 404 ")
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE)

    assert (process.returncode, errors) == (0, "")
    *lines, last = output.splitlines()
    assert last == "stopped"
    assert [line.partition(" ")[2] for line in lines] == [
        f"PostTimeSeriesDataPoints 429 ThrottlingException (POST {PATH}): Rate exceeded",
        f"PostTimeSeriesDataPoints 429 ThrottlingException (POST {PATH}): Rate exceeded",
        f"PostTimeSeriesDataPoints no response (ConnectionClosedError) (POST {PATH})",
        f"PostTimeSeriesDataPoints 201 (POST {PATH}): completeness",
        (
            "404 UnknownOperationException (GET /v2/domains/\\x1b[31m/x): "
            "Amazon DataZone has no operation at /v2/domains/\\x1b[31m/x"
        ),
    ]
    assert all(len(line.split(" ")[0]) == len("12:00:00") for line in lines)


@needs_sigterm
def test_it_stops_cleanly_on_sigterm():
    with running() as (process, _):
        process.terminate()
        output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, output, errors) == (0, "stopped\n", "")


def main(*arguments):
    """Run the command in this process, where coverage sees it."""
    run_command(arguments)


def answered(port, times, **headers):
    """Send a number of requests on one connection; return the set of statuses."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    statuses = set()
    for _ in range(times):
        connection.request("POST", PATH, BODY, headers)
        response = connection.getresponse()
        response.read()
        statuses.add(response.status)
    connection.close()
    return statuses


@needs_sigterm
@pytest.mark.parametrize(
    ("closed", "calls"),
    [(False, FULL), (True, 100)],
    ids=["stops reading", "is gone"],
)
def test_every_request_is_answered_though_nobody_reads_the_log(closed, calls):
    with running() as (process, port):
        if closed:
            process.stdout.close()
        assert answered(port, calls) == {201}
        # moto prints something for each of these.
        assert answered(port, 100, Authorization=UNKNOWN) <= {404, 400}
        process.terminate()
        assert process.wait(PATIENCE) == 0
        assert process.stderr.read() == ""


@needs_sigterm
def test_it_serves_without_a_standard_output():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = f"exec {sys.executable} -m pytest_datazone_ts serve --port {port} >&-"
    with subprocess.Popen(  # noqa: S602 - Python itself
        command, shell=True, stderr=subprocess.PIPE, text=True, cwd=tempfile.gettempdir()
    ) as process:
        try:
            while True:
                try:
                    assert answered(port, 1) == {201}
                    break
                except ConnectionRefusedError:
                    assert process.poll() is None
                    time.sleep(0.05)
            process.terminate()
            assert (process.wait(PATIENCE), process.stderr.read()) == (0, "")
        finally:
            process.kill()


@needs_sigterm
def test_it_stops_cleanly_on_two_signals():
    with running() as (process, _):
        process.terminate()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, output, errors) == (0, "stopped\n", "")


@needs_sigterm
def test_signals_while_it_stops_change_nothing():
    with running() as (process, port):
        answered(port, FULL)  # so that the end waits for a reader of what they log
        process.terminate()
        with suppress(OSError):
            while True:
                socket.create_connection(("127.0.0.1", port)).close()
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            time.sleep(0.001)
        assert (process.returncode, process.stderr.read()) == (0, "")


def test_a_credential_in_a_query_is_not_logged(server):
    process, port = server
    query = (
        "X-Amz-Credential=PASS%2F20240101&X-Amz-Security-Token=PASS&X-Amz-Signature=PASS"
        "&password=PASS&p%61ssword=PASS&pwd=1234567&clientToken=PASS&clientToken=&nextToken=PASS"
        "&AWSAccessKeyId=PASS&url=https%3A%2F%2Fuser%3APASS%40host&AKIAPASSPASSPASSPASS=1"
        "&AKIAPASSPASSPASSPASS&formName=score"
    )
    ask(port, "GET", f"/v2/user:PASS@host?{query}")
    line = process.stdout.readline()
    ask(port, "GET", f"/v2/{'x' * 2_000}")
    longest = process.stdout.readline()
    assert line.partition("(")[2].partition(")")[0] == (
        "GET /v2/user:***@host?"
        "X-Amz-Credential=***&X-Amz-Security-Token=***&X-Amz-Signature=***"
        "&password=***&p%61ssword=***&pwd=***&clientToken=***&clientToken=&nextToken=***"
        "&AWSAccessKeyId=***&url=***&***=***&***&formName=score"
    )
    assert longest.endswith(f"{'x' * 50}... (2008 characters))\n")
    assert "PASS" not in line


def test_a_credential_in_a_long_body_is_not_logged(server):
    process, port = server
    body = json.dumps([{"password": "y" * 1_890}, "postgres://admin:PASS@db/x", "z" * 3_000])
    # The message in the response ends within the credential.
    for length in range(1_860, 1_900, 2):
        ask(port, path="/_datazone_ts/responses", body=body.replace("y" * 1_890, "y" * length))
        line = process.stdout.readline()
        assert "'postgres://admin:***@db/x" in line
        assert "PASS" not in line


def failure(capsys, *arguments):
    """Return the error message of a command that does not start."""
    with pytest.raises(SystemExit) as raised:
        main("serve", *arguments)
    assert raised.value.code == 2
    output, errors = capsys.readouterr()
    assert output == ""
    usage = "usage: python -m pytest_datazone_ts"
    assert errors.startswith(usage)
    return errors.splitlines()[-1].partition("error: ")[2]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("Throttling", "argument --fail: inject() got 'Throttling', which is not a fault of "),
        (
            "Latency",
            (
                "argument --fail: Latency takes arguments: POST them to /_datazone_ts/faults, such "
                'as {"fault": {"name": "Latency", "seconds": ...}}'
            ),
        ),
        ("ConnectTimeout", "argument --fail: ConnectTimeout cannot be injected: the double is "),
        ("ThrottlingException:0", "argument --fail: inject(times=...) takes 1 or more, or "),
        (
            "ThrottlingException:two",
            "argument --fail: 'two' is not a number of times, in 'ThrottlingException:two'",
        ),
    ],
)
def test_a_fault_that_cannot_be_injected_is_a_usage_error(capsys, fault, message):
    assert failure(capsys, "--fail", fault).startswith(message)


def test_a_port_that_is_not_available_is_a_usage_error(capsys):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        message = failure(capsys, "--port", port)
        assert message.startswith(f"cannot serve on 127.0.0.1, port {port}: ")
        assert "Errno" not in message
    message = failure(capsys, "--port", "70000")
    assert message.startswith("cannot serve on 127.0.0.1, port 70000: ")
    assert failure(capsys, "--host", "203.0.113.1").startswith("cannot serve on 203.")


def test_it_listens_on_the_given_port_and_on_every_address_for_a_container():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running("--host", "0.0.0.0", "--port", str(port)) as (_, served):  # noqa: S104
        assert served == port
        assert ask(port) == 201


def test_help_lists_the_arguments(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for arguments, words in [
        (["--help"], "serve"),
        (["serve", "--help"], "--port PORT"),
        (["serve", "--help"], "--fail FAULT[:TIMES]"),
    ]:
        with pytest.raises(SystemExit) as raised:
            main(*arguments)
        assert raised.value.code == 0
        assert words in capsys.readouterr().out


def write(path, value):
    path.write_text(json.dumps(value))
    return str(path)


ASSET = {"entity_identifier": "penguins", "domain_identifier": DOMAIN, "name": "Penguins"}
DOMAIN_RESPONSE = {"id": DOMAIN, "domainExecutionRole": "role", "status": "AVAILABLE"}


def test_files_set_up_what_pipelines_look_for_first(tmp_path):
    catalogue = write(tmp_path / "catalogue.json", [ASSET])
    responses = write(
        tmp_path / "respond.json", [{"operation": "GetDomain", "response": DOMAIN_RESPONSE}]
    )
    with running("--catalogue", catalogue, "--respond", responses) as (process, port):
        assert ask(port, "GET", f"/v2/domains/{DOMAIN}/assets/penguins", None) == 200
        assert ask(port, "GET", f"/v2/domains/{DOMAIN}", None) == 200
        assert ask(port) == 404
        lines = [process.stdout.readline() for _ in range(3)]
    assert f"ResourceNotFoundException (POST {PATH}): " in lines[-1]


def test_a_rate_limit_throttles():
    with running("--rate-limit", "0.001:2") as (_, port):
        assert [ask(port) for _ in range(3)] == [201, 201, 429]


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        (f"/v2/domains/{DOMAIN}", "Set its response, with --respond or POST /_datazone_ts/"),
        (
            f"/v2/domains/{DOMAIN}/assets/penguins",
            (
                "Add an asset to the catalogue, with --catalogue or POST /_datazone_ts/assets. Or "
                "set its response, with --respond or POST /_datazone_ts/responses, such as "
                '{"operation": "GetAsset", "response": {"'
            ),
        ),
    ],
)
def test_hints_are_for_where_there_is_no_python(server, path, hint):
    process, port = server
    assert ask(port, "GET", path, None) == 400
    line = process.stdout.readline()
    assert f"400 UnansweredOperationError (GET {path}): unhandled DataZone operation Get" in line
    assert hint in line


@pytest.mark.parametrize(
    ("flag", "content", "message"),
    [
        ("--catalogue", "{}", "{path} is not a JSON list of objects"),
        ("--catalogue", "[1]", "{path} is not a JSON list of objects"),
        ("--respond", "[", "{path} is not JSON: Expecting value: line 1 "),
        ("--respond", None, "cannot read {path}: "),
        ("--catalogue", '[{"name": "a"}]', "add_asset() missing 1 required "),
        ("--respond", '[{"operation": "GetDomain"}]', "respond() missing 1 required "),
        ("--respond", '[{"operation": "Get", "response": {}}]', "'Get' is not an operation of "),
    ],
)
def test_a_file_that_cannot_be_used_is_a_usage_error(capsys, tmp_path, flag, content, message):
    path = tmp_path / "file.json"
    if content is not None:
        path.write_text(content)
    text = failure(capsys, flag, str(path))
    assert text.startswith(f"argument {flag}: {message.replace('{path}', str(path))}")
    assert "Errno" not in text


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("many", "'many' is not RATE or RATE:BURST, such as 5 or 0.5:10"),
        ("0", "rate_limit(rate=...) takes a number, above 0 calls a second, not 0.0"),
    ],
)
def test_a_rate_limit_that_cannot_be_set_is_a_usage_error(capsys, limit, message):
    assert failure(capsys, "--rate-limit", limit) == f"argument --rate-limit: {message}"
