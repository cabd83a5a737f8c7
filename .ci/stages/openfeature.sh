#!/usr/bin/env bash
# Real OpenFeature clients evaluate flags of the real server; each must print what it printed when somebody looked.
# With --accept, what they print now becomes what is expected.
set -euo pipefail

examples=examples/openfeature
accept=${1:-}
skip() { printf 'SKIPPED: %s\n' "$*"; }

. .ci/serve.sh

echo "flags"
call() { curl -sSf -o /dev/null -H "authorization: Bearer $EXPERIMENT_ADMIN_KEY" "$@"; }
"$bin" apply --url "$url" "$examples/flags/upcoming.yaml"
for flag in "$examples"/flags/*.yaml; do
  [ "$flag" = "$examples/flags/upcoming.yaml" ] || "$bin" apply --url "$url" --start "$flag"
done
call -X POST "$url/v1/experiments/settled/stop"
call --json '{"variant": "offer", "force": true}' "$url/v1/experiments/settled/conclude"

# Runs a client and compares what it prints.
client() {
  local name=$1
  shift
  echo "client $name"
  timeout 120 "$@" "$url" "$EXPERIMENT_ADMIN_KEY" >"$work/$name.txt"
  if [ "$accept" = --accept ]; then cp "$work/$name.txt" "$examples/expected/$name.txt"; fi
  diff -u "$examples/expected/$name.txt" "$work/$name.txt"
  echo "client $name: $(wc -l <"$work/$name.txt") lines as expected"
}

js() {
  command -v node >/dev/null && command -v npm >/dev/null || { skip "no node or no npm, so two clients are not tried"; return; }
  local major
  major=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
  [ "$major" -ge 20 ] || { skip "node $major is too old for the SDKs, so two clients are not tried"; return; }
  timeout 60 npm view --silent @openfeature/core@1.12.0 version >/dev/null 2>&1 ||
    { skip "the npm registry is out of reach, so two clients are not tried"; return; }
  cp -r "$examples/js" "$work/js"
  (cd "$work/js" && timeout 180 npm ci --silent --no-audit --no-fund)
  client js-server node "$work/js/server.mjs"
  client js-web node "$work/js/web.mjs"
}

python() {
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { skip "Python is older than 3.10, so its client is not tried"; return; }
  python3 -m venv "$work/venv" >/dev/null || { skip "Python makes no venv, so its client is not tried"; return; }
  local pip=("$work/venv/bin/pip" --quiet --disable-pip-version-check)
  timeout 60 "${pip[@]}" download --no-deps --dest "$work/wheel" idna==3.20 >/dev/null 2>&1 ||
    { skip "PyPI is out of reach, so Python's client is not tried"; return; }
  timeout 180 "${pip[@]}" install --requirement "$examples/python/requirements.txt"
  client python "$work/venv/bin/python" "$examples/python/client.py"
}

rust() {
  local manifest="$examples/rust/Cargo.toml" target="${CARGO_TARGET_DIR:-target}/openfeature"
  timeout 120 cargo fetch --quiet --locked --manifest-path "$manifest" ||
    { skip "crates.io is out of reach, so Rust's client is not tried"; return; }
  local code=0
  CARGO_TARGET_DIR=$target timeout 480 cargo build --quiet --locked --manifest-path "$manifest" || code=$?
  [ "$code" != 124 ] || { skip "Rust's client was not built within 480 s, so it is not tried"; return; }
  [ "$code" = 0 ] || exit "$code"
  client rust "$target/debug/experiment-openfeature-example"
}

js
python
rust
end_server
