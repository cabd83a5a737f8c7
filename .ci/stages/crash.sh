#!/usr/bin/env bash
# Kills the real server under load, ten times: nothing acknowledged may be lost or doubled.
set -euo pipefail

case "$(uname -s)" in
  Linux | Darwin) ;;
  *) echo "SKIPPED: no signals on $(uname -s), so the server is not killed"; exit 0 ;;
esac
# Built first, so that the time is that of the kills.
cargo build --quiet --locked -p experiment-tests --bin crash
timeout 400 cargo run --quiet --locked -p experiment-tests --bin crash -- --kills 10
