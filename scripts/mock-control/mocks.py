"""Runs a command against `vestibule-mock`: mocks.py SERVER [FLAG…] -- COMMAND…

`{wunder}`, `{walletcrew}`, `{goodcity}` and `{fynd}` in the command become the base URLs.
"""

import subprocess
import sys

split = sys.argv.index("--")
server = subprocess.Popen(sys.argv[1:split], stdout=subprocess.PIPE, text=True)
try:
    urls = {}
    for line in server.stdout:
        if line == "ready\n":
            break
        name, _, value = line.strip().partition(" ")
        urls[name] = value
    if not urls:
        sys.exit("the mocks did not start")
    command = [word.format_map(urls) if "{" in word else word for word in sys.argv[split + 1 :]]
    status = subprocess.run(command, check=False).returncode
finally:
    server.terminate()
    ended = server.wait(timeout=30)
if ended:
    sys.exit(f"the mocks ended with {ended}")
sys.exit(status)
