#!/bin/sh
# Times the statistics beside SciPy, lifelines and tea-tasting. Installs them into a folder of its own (PEERS_VENV).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${PEERS_VENV:-$here/target/venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
cargo build --quiet --release --locked --manifest-path "$here/Cargo.toml" --target-dir "$here/target"
# Kernels chosen for older builds of OpenBLAS would slow the peers down.
exec env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE "$venv/bin/python" "$here/stats.py" "$here/target/release/stats"
