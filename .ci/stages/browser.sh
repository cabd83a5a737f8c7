#!/usr/bin/env bash
# A person's way through the pages of the real server, in a real browser: what they say is what the API says, and
# everybody can read them. With --docs, takes the pictures of README and docs anew.
set -euo pipefail

skip() { printf 'SKIPPED: %s, so no page is opened\n' "$*"; exit 0; }

command -v node >/dev/null && command -v npm >/dev/null || skip "no node or no npm"
major=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
[ "$major" -ge 20 ] || skip "node $major is too old for playwright-core"
export EXPERIMENT_CHROMIUM="${EXPERIMENT_CHROMIUM:-/usr/bin/chromium}"
if [ ! -x "$EXPERIMENT_CHROMIUM" ]; then
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || skip "no Chromium at $EXPERIMENT_CHROMIUM"
  echo "install Chromium"
  export DEBIAN_FRONTEND=noninteractive
  { timeout 120 apt-get update -qq && timeout 300 apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >/dev/null ||
    skip "Chromium can't be installed"
  [ -x "$EXPERIMENT_CHROMIUM" ] || skip "no Chromium at $EXPERIMENT_CHROMIUM"
fi
timeout 60 npm view --silent axe-core@4.14.1 version >/dev/null 2>&1 || skip "the npm registry is out of reach"
(cd tests/browser && timeout 180 npm ci --ignore-scripts --silent --no-audit --no-fund)

cargo build --quiet --locked -p experiment-server
bin="$(cd "${CARGO_TARGET_DIR:-target}" && pwd)/debug/experiment"
timeout 400 node tests/browser/main.mjs "$bin" "$@"
