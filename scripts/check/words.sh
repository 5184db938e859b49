#!/usr/bin/env bash
# Fails when retired vocabulary occurs in a text, a file name or an identifier. CONTRIBUTING.md has the
# glossary. An exception needs a line in ALLOWED, with its reason.
set -euo pipefail
cd "$(dirname "$0")/../.."

exec python3 - <<'EOF'
import re
import subprocess
import sys

# Path, a part of the line (or the name) that is allowed there, and the reason. A line counts as
# clean when nothing is left after its allowed parts are removed.
ALLOWED = [
    ("scripts/check/words.sh", "", "lists the words"),
]

# Retired in every text, in file names and as parts of CamelCase names.
WORDS = re.compile(
    r"(^|[^a-z])(road|journey|foundation|stamp|guess|farewell)(s|es|ed|ing)?([^a-z]|$)"
    r"|\b(anew|somebody|nobody|whoever)\b",
    re.IGNORECASE,
)

# Retired names of types, traits, modules and constants: they must not be defined again.
TYPES = """
    Road Bound Journey UnderWay Departed Stamp Attached Repeat Answer Refusal Foundation Signals
    ServerTime Core Host Material Passing Mark Turn Asked Exchanges Watched Open Opening Found Put Head
    Seen Line Claim Asker Guess Owned Returned
""".split()

# Retired names of functions, fields and variables: they must not be used again.
NAMES = """
    standing_headers read_refusal even_stale may_repeat joining cooling farewell freshen prolong
    look_again judged
""".split()

# Retired names of files and modules.
FILES = TYPES + NAMES + ["Departure", "Refusals", "Lines", "Guesses", "Marks"]

DEFINITION = re.compile(r"\b(?:struct|enum|trait|type|union|fn|mod|const|static)\s+(\w+)")
IDENTIFIER = re.compile(r"\b[A-Za-z_]\w*\b")
PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def snake(name):
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def without_allowed(path, line):
    for allowed_path, part, _ in ALLOWED:
        if path == allowed_path:
            line = line.replace(part, "") if part else ""
    return line


def camel_parts(line):
    for name in IDENTIFIER.findall(line):
        if re.search(r"[a-z][A-Z]|^[A-Z]", name):
            yield from PARTS.findall(name)


def lines_of(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().splitlines()
    except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
        return []


found = []
files = subprocess.run(
    ["git", "ls-files", "-z"], check=True, capture_output=True, text=True
).stdout.split("\0")
retired_files = {snake(name) for name in FILES}
for path in filter(None, files):
    name = without_allowed(path, path)
    stems = {part.split(".")[0] for part in name.split("/")}
    if WORDS.search(name.replace("_", " ")) or (path.endswith(".rs") and stems & retired_files):
        found.append(f"{path}: the file name")
    if path.endswith(".lock"):
        continue
    for number, line in enumerate(lines_of(path), 1):
        line = without_allowed(path, line)
        at = f"{path}:{number}: {line.strip()}"
        words = line.replace("_", " ")
        if WORDS.search(words) or any(WORDS.fullmatch(part) for part in camel_parts(line)):
            found.append(at)
            continue
        if not path.endswith(".rs"):
            continue
        code = re.sub(r'"[^"]*"|//.*', "", line)
        defined = set(DEFINITION.findall(code))
        modules = {name for name in re.findall(r"\bmod\s+(\w+)", code) if name in retired_files}
        if defined & set(TYPES) or modules or set(IDENTIFIER.findall(code)) & set(NAMES):
            found.append(f"{at} (a retired name)")

if found:
    print("\n".join(found))
    sys.exit(f"{len(found)} uses of retired words: see the glossary in CONTRIBUTING.md")
EOF
