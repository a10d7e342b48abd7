#!/usr/bin/env bash
# Looks every locked dependency up in a database of known vulnerabilities. One found is a failure;
# a database that can't be reached is said loudly, and a failure only with ISOGATE_REQUIRE_AUDIT=1.
set -uo pipefail
cd "$(dirname "$0")/.."

report=$(.venv/bin/pip-audit --requirement requirements.lock --require-hashes --disable-pip \
  --progress-spinner off --format json 2>&1)
.venv/bin/python - "$report" <<'PY'
import json
import os
import sys

try:
    found = json.loads(sys.argv[1][sys.argv[1].index("{") :])["dependencies"]
except (ValueError, KeyError):
    found = []
known = [each for each in found if "skip_reason" not in each]
wounded = [each for each in known if each["vulns"]]
for each in wounded:
    for one in each["vulns"]:
        mend = ", ".join(one["fix_versions"]) or "none yet"
        print(f"{each['name']} {each['version']}: {one['id']}, mended in {mend}", file=sys.stderr)
if wounded:
    sys.exit("A locked dependency has a known vulnerability: `make lock`, or say why it does not apply.")
if found and len(known) == len(found):
    print(f"Dependencies: {len(known)} looked up, none has a known vulnerability.")
    sys.exit()
print(
    f"DEPENDENCIES NOT AUDITED: {len(known)} of {len(found)} could be looked up;"
    " the database can't be reached from here.",
    file=sys.stderr,
)
sys.exit(os.environ.get("ISOGATE_REQUIRE_AUDIT") == "1")
PY
