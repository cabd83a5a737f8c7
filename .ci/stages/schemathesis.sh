#!/usr/bin/env bash
# Tries the real server with requests made from its own description, good ones and bad ones: no answer may be other
# than described. The same requests every time.
set -euo pipefail

here="$(cd "$(dirname "$0")/../schemathesis" && pwd)"
venv="${XDG_CACHE_HOME:-$HOME/.cache}/experiment/schemathesis"
python3 -c 'import ensurepip, venv' 2>/dev/null || { echo "SKIPPED: python3 has no venv, so schemathesis can't be installed"; exit 0; }
if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  timeout 300 "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt" \
    || { echo "SKIPPED: schemathesis can't be installed (no PyPI)"; rm -rf "$venv"; exit 0; }
  cp "$here/requirements.txt" "$venv/requirements.txt"
fi

. .ci/serve.sh
"$venv/bin/python" "$here/prepare.py" "$url"

cd "$here"
export HYPOTHESIS_STORAGE_DIRECTORY="$work/hypothesis" PYTHONDONTWRITEBYTECODE=1
timeout 300 "$venv/bin/st" run "$url/openapi.json" --no-color --max-examples 50
end_server
