"""Starts the mocks, runs schemathesis over each document, and prints the results.

Takes the path of the mock server, the folder of the documents, and the file for the proof.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

SERVER, DOCUMENTS, PROOF = (pathlib.Path(path).resolve() for path in sys.argv[1:4])
HERE = pathlib.Path(__file__).resolve().parent
# A fresh working directory, because schemathesis keeps the state of former runs there.
TARGET = pathlib.Path("target/schemathesis").resolve()

# The mock of each document.
SYSTEMS = {
    "wunder-auth": "wunder",
    "wunder-user": "wunder",
    "walletcrew": "walletcrew",
    "goodcity": "goodcity",
    "fynd": "fynd",
}
FLAGS = [
    "--wunder-user=email=gaiyo@example.org,social=gaiyo:not-a-real-gaiyo-token",
    "--wunder-user=email=apple@example.org,social=apple:not-a-real-apple-token",
    "--wunder-social-account=apple:not-a-real-new-token",
    "--wunder-api-client=client:not-a-real-key",
    "--wunder-terms=2=Our terms",
    "--fynd-user=email=asha@example.com,mobile=+91:9000000000,"
    "social=google:1,social=facebook:2,social=apple:3",
    "--fynd-attribute=loyalty_tier=text",
]
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]


def described(document):
    """Counts the operations of a document, and those that the vendor does not document."""
    text = (DOCUMENTS / f"{document}.yaml").read_text(encoding="utf-8")
    return text.count("operationId:"), text.count("Not part of the published documentation")


def run(document, seeds):
    """Counts the failures."""
    environment = os.environ | {
        "MOCK_DOCUMENT": document,
        "MOCK_URL": seeds[SYSTEMS[document]],
        "MOCK_SEEDS": json.dumps(seeds),
        "MOCK_SEEN": str(TARGET / "seen.jsonl"),
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(HERE),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [
        str(pathlib.Path(sys.executable).absolute().with_name("st")),
        "run",
        f"{DOCUMENTS}/{document}.yaml",
        f"--url={seeds[SYSTEMS[document]]}",
        f"--checks={','.join(CHECKS)}",
        "--phases=examples,coverage,fuzzing",
        "--mode=all",
        "--max-examples=20",
        "--seed=1",
        "--generation-database=none",
        "--continue-on-failure",
        "--warnings=off",
        "--suppress-health-check=all",
        "--request-timeout=30",
        "--report=json",
        f"--report-json-path={TARGET}/{document}.json",
    ]
    report = TARGET / f"{document}.json"
    status = subprocess.run(command, env=environment, cwd=TARGET, check=False).returncode
    found = json.loads(report.read_text(encoding="utf-8"))
    failures = found["test_cases"]["unique_failures"] + len(found["errors"])
    # It also fails if it did not complete.
    return failures or int(status != 0)


def main():
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    seen_file = TARGET / "seen.jsonl"
    seen_file.write_text("", encoding="utf-8")
    server = subprocess.Popen([SERVER, *FLAGS], stdout=subprocess.PIPE, text=True)
    try:
        seeds = {}
        for line in server.stdout:
            if line == "ready\n":
                break
            name, _, value = line.strip().partition(" ")
            seeds[name] = value
        failures = sum(run(document, seeds) for document in SYSTEMS)
    finally:
        server.terminate()
        server.wait()
    requests = [json.loads(line) for line in seen_file.read_text(encoding="utf-8").splitlines()]
    operations = {request["operation"] for request in requests}
    reached = {
        request["operation"] for request in requests if 200 <= request["status"] < 300
    }
    counts = [described(document) for document in SYSTEMS]
    total, beyond = (sum(column) for column in zip(*counts))
    for operation in sorted(operations - reached):
        print(f"never reached a success: {operation}")
    line = (
        f"schemathesis operations={len(operations) - beyond} failures={failures} "
        f"beyond={beyond} with-2xx={len(reached)} requests={len(requests)}"
    )
    print(line)
    if failures:
        sys.exit("the mocks and the documents do not agree")
    if len(operations) != total or reached != operations:
        sys.exit("not every operation was run and reached")
    PROOF.write_text(line + "\n", encoding="utf-8")


main()
