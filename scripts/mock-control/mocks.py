"""Runs a command against `vestibule-mock`: mocks.py SERVER [FLAG…] -- COMMAND…

`{wunder}`, `{walletcrew}`, `{goodcity}` and `{fynd}` in the command become the base URLs. With `MOCK_TOKEN` in the
environment a second process requires that control token; its URLs are `{wunder_with_token}` and so on.
"""

import os
import subprocess
import sys

split = sys.argv.index("--")
TOKEN = os.environ.get("MOCK_TOKEN")


def start(urls, suffix, environment):
    """Starts a process and waits until it is ready."""
    server = subprocess.Popen(
        sys.argv[1:split], stdout=subprocess.PIPE, text=True, env=os.environ | environment
    )
    for line in server.stdout:
        if line == "ready\n":
            return server
        name, _, value = line.strip().partition(" ")
        urls[name + suffix] = value
    sys.exit("the mocks did not start")


urls, servers = {}, []
try:
    servers.append(start(urls, "", {}))
    if TOKEN:
        servers.append(start(urls, "_with_token", {"VESTIBULE_MOCK_CONTROL_TOKEN": TOKEN}))
    command = [word.format_map(urls) if "{" in word else word for word in sys.argv[split + 1 :]]
    status = subprocess.run(command, check=False).returncode
finally:
    for server in servers:
        server.terminate()
    ended = [server.wait(timeout=30) for server in servers]
if any(ended):
    sys.exit(f"the mocks ended with {ended}")
sys.exit(status)
