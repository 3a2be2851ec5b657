"""Ask the installed doveconf about every row of the table: table.py 2.3|2.4 < rows.json prints what it refuses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile

VERSIONS = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"
# Files that a row names must be there; what they hold does not matter to doveconf.
NAMED = re.compile(r"(?:_file = |_path = |<)(/[a-z]\.?\w*)$", re.MULTILINE)


def main() -> None:
    grammar = sys.argv[1]
    refused = []
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "dovecot.conf")
        for row in json.load(sys.stdin):
            texts = [row["new"]] if grammar == "2.4" else [row["old"], row.get("again", row["old"])]
            for text in texts:
                text = re.sub(r"(lua_file = |file=)/x\.lua", rf"\g<1>{__file__}", text)
                text = NAMED.sub(lambda match: match.group(0).replace(match.group(1), __file__), text)
                with open(path, "w", encoding="utf-8") as sink:
                    sink.write((VERSIONS if grammar == "2.4" else "") + text)
                asked = subprocess.run(
                    ["doveconf", "-c", path, "-n", "-x"], capture_output=True, text=True, check=False
                )
                if asked.returncode or "Error" in asked.stderr:
                    refused.append({"text": text, "error": asked.stderr})
    print(json.dumps(refused))


if __name__ == "__main__":
    main()
