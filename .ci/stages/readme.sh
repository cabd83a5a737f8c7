#!/usr/bin/env bash
# Does what the README tells a reader to do, with the same commands: the demo, then the calls to the API.
set -euo pipefail

cargo build --quiet --locked -p experiment-server
bin="${CARGO_TARGET_DIR:-target}/debug/experiment"
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$work"' EXIT

echo "demo"
timeout 300 "$bin" demo --exit --listen 127.0.0.1:0 | tee "$work/demo.txt"
grep -q "KEEP THE CONTROL gate_30" "$work/demo.txt"
grep -q "SHIP gift" "$work/demo.txt"

command -v curl >/dev/null || { echo "SKIPPED: no curl, so the README's calls are not tried"; exit 0; }
if curl -s -o /dev/null http://127.0.0.1:8016/healthz; then
  echo "SKIPPED: port 8016 is taken, so the README's calls are not tried"; exit 0
fi
echo "calls"
"$bin" serve --data "$work/data" 2>"$work/log" &
server=$!
for _ in $(seq 100); do curl -sf http://127.0.0.1:8016/readyz >/dev/null && break; sleep 0.1; done
cp README.md "$work"; cp examples/winback.yaml "$work"
# The blocks between the markers, each line as it stands in the README.
sed -n '/<!-- calls -->/,/<!-- end -->/p' README.md | sed -n '/^```sh$/,/^```$/p' | grep -v '^```' > "$work/calls.sh"
[ -s "$work/calls.sh" ] || { echo "the README has no calls"; exit 1; }
( cd "$(dirname "$0")/../.." && PATH="$(dirname "$bin"):$PATH" bash -euo pipefail "$work/calls.sh" ) | tee "$work/answers.txt"
grep -q '"accepted":1' "$work/answers.txt"
grep -q '"verdict"' "$work/answers.txt"
kill -TERM "$server"; wait "$server"
"$bin" verify --data "$work/data"
