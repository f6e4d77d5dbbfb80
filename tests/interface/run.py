"""Runs a node of its own, on private servers and free ports, and schemathesis against it. Exit status 0 only if every answer is
one that the node's OpenAPI document describes, and every refusal that a caller can cause was reached.

    python run.py SESAME DIRECTORY
"""

import collections
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

from openapi_spec_validator import OpenAPIV31SpecValidator

HERE = pathlib.Path(__file__).parent
KEY = "0123456789abcdeffedcba9876543210"
DATA_KEY = "00112233445566778899aabbccddeeff"

# TRANSFER_FAILED takes four wrong signatures of one random, and UNAVAILABLE an outage: the integration tests have those.
REACHABLE = {
    "MALFORMED", "UNKNOWN_BUSICODE", "UNKNOWN_ACTION", "UNKNOWN_APP", "SIGN_MISMATCH", "NOT_GRANTED", "NOT_FOUND",
    "RANDOM_REUSED", "TOO_LARGE", "INVALID_RECORDS", "RATE_LIMITED",
}

# What an answer must be held against. That good data is taken and bad refused is not for schemathesis to judge: JSON Schema
# knows no check digits, and the interface is lenient on purpose where the document says so.
CHECKS = [
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "unsupported_method", "allow_header_conformance", "answer_of_annex_a",
]

# Requests drawn at random, good ones and bad; another seed each time would make a check that fails by chance.
DRAWN = ["--phases", "examples,fuzzing", "--max-examples", "150", "--seed", "1"]
# Every value at the edges of the schema, and methods that no path has. Of the interFlags with business data that would be one
# request for each combination of 44 envelopes and their fields: those are drawn only.
COVERED = ["--phases", "coverage", "--include-path-regex", "(log|openapi.json)$"]


def apps():
    """Callers with everything, and with less: so that every refusal has someone to meet it."""
    return {
        "full": {"operator": True},
        "reader": {"actions": ["04"]},
        "small": {"limits": {"max_records": 1, "max_body_bytes": 2_000}},
        "slow": {"limits": {"exchanges_per_second": 1}},
        "literal": {"datalist_as_string": True, "always_ok": True},
        "sealed": {"data_key": DATA_KEY},
        "hmac": {"profile": "hmac"},
    }


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {toml(member)}" for name, member in value.items()) + " }"
    return json.dumps(value)


def settings(lab, ports):
    """The settings of one county node."""
    management = lab["broker"]["management"].replace("://", "://guest:guest@")
    amqp = lab["broker"]["amqp"].split("@")[-1].split("/")[0]
    lines = [
        "[node]", 'region = "370203"', 'appid = "node-370203"', f'key = "{KEY}"',
        "[interface]", f'listen = "127.0.0.1:{ports[0]}"', 'aliases = { upload = "exchange" }', "confirm_millis = 20_000",
        "[console]", f'listen = "127.0.0.1:{ports[1]}"',
        "[metrics]", f'listen = "127.0.0.1:{ports[2]}"',
        "[broker]", f'uri = "amqp://node-370203:secret@{amqp}/370203"', f'management = "{management}"',
        "[store]", f'uri = "{lab["database"]["uri"]}"',
    ]
    for appid, more in apps().items():
        lines += ["[[apps]]", f'appid = "{appid}"', f'key = "{KEY}"', 'region = "370203"']
        lines += [f"{name} = {toml(value)}" for name, value in more.items()]
    return "\n".join(lines) + "\n"


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def get(url, headers={}):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, headers=headers), timeout=5) as answer:
        return answer.read()


def wait_until_ready(url, node):
    for _ in range(600):
        if node.poll() is not None:
            sys.exit(f"interface: the node has ended with status {node.returncode}; see its log")
        try:
            get(url)
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("interface: the node is not ready after a minute; see its log")


def check_documents(interface, console):
    """The document is OpenAPI 3.1 by the rules of others, and the page is there for people without an account."""
    document = json.loads(get(f"{interface}/sesame/openapi.json"))
    errors = list(OpenAPIV31SpecValidator(document).iter_errors())
    for error in errors:
        print(f"interface: openapi.json: {error.message}", file=sys.stderr)
    page = get(f"{console}/interface").decode("utf-8")
    missing = [path for path in document["paths"] if path not in page]
    if missing:
        print(f"interface: the page does not name {missing}", file=sys.stderr)
    return not errors and not missing


def run_schemathesis(interface, directory, *options):
    """Whether every answer conformed, and the codes that were met."""
    codes = directory / "codes.json"
    codes.unlink(missing_ok=True)
    environment = dict(
        os.environ, SCHEMATHESIS_HOOKS="hooks", PYTHONPATH=str(HERE), SESAME_KEY=KEY, SESAME_DATA_KEY=DATA_KEY,
        SESAME_CODES=str(codes), NO_PROXY="127.0.0.1",
    )
    command = [
        str(pathlib.Path(sys.executable).parent / "st"), "run", f"{interface}/sesame/openapi.json",
        "--checks", ",".join(CHECKS), "--generation-database", "none", "--warnings", "off", "--continue-on-failure",
        "--suppress-health-check", "all", *options,
    ]
    done = subprocess.run(command, env=environment, cwd=directory)
    return done.returncode == 0, collections.Counter(json.loads(codes.read_text()) if codes.exists() else {})


def main():
    sesame, directory = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    shutil.rmtree(directory / "lab", ignore_errors=True)
    directory.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    node = None
    # The lab stops its servers when its standard input ends, so it never outlives this program.
    lab = subprocess.Popen([sesame, "lab", "--dir", directory / "lab"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        line = lab.stdout.readline()
        if not line:
            sys.exit("interface: the private servers did not start")
        ports = free_ports(3)
        interface, console, metrics = (f"http://127.0.0.1:{port}" for port in ports)
        config = directory / "node.toml"
        config.write_text(settings(json.loads(line), ports), encoding="utf-8")
        subprocess.run([sesame, "topology", "apply", "--config", config], check=True, stdout=subprocess.DEVNULL)
        with open(directory / "node.log", "wb") as log:
            node = subprocess.Popen([sesame, "serve", "--config", config], stderr=log)
        wait_until_ready(f"{metrics}/health/ready", node)
        documents = check_documents(interface, console)
        drawn, met = run_schemathesis(interface, directory, *DRAWN)
        covered, more = run_schemathesis(interface, directory, *COVERED)
        met += more
        alive = node.poll() is None
    finally:
        if node is not None:
            node.terminate()
            node.wait(timeout=60)
        lab.stdin.close()
        lab.wait(timeout=60)
    print("answers by code: " + ", ".join(f"{code} {count}" for code, count in sorted(met.items())))
    unmet = sorted((REACHABLE | {"0001"}) - met.keys())
    if unmet:
        print(f"interface: never answered: {', '.join(unmet)}", file=sys.stderr)
    panicked = b"panicked" in (directory / "node.log").read_bytes()
    if panicked or not alive:
        print(f"interface: the node panicked or ended; see {directory / 'node.log'}", file=sys.stderr)
    print(f"interface: {time.monotonic() - started:.0f} s")
    sys.exit(0 if documents and drawn and covered and not unmet and alive and not panicked else 1)


if __name__ == "__main__":
    main()
