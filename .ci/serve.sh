# For stages, by `. .ci/serve.sh`: builds the real server and starts it with an admin key, on a folder and a port of its own.
# Leaves `bin`, `work` (removed at the end), `server` (its process, ended then) and `url`.
cargo build --quiet --locked -p experiment-server
bin="$(cd "${CARGO_TARGET_DIR:-target}" && pwd)/debug/experiment"
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
# The server is here, whatever stands between this machine and others.
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
export EXPERIMENT_ADMIN_KEY=only-for-this-run-0123456789abcdef
"$bin" serve --data "$work/data" --listen 127.0.0.1:0 2>"$work/log" &
server=$!
for _ in $(seq 300); do [ -s "$work/data/server.json" ] && break; sleep 0.1; done
url=$(sed -n 's/.*"url" *: *"\([^"]*\)".*/\1/p' "$work/data/server.json")
[ -n "$url" ] || { cat "$work/log"; exit 1; }

# Ends it in good order, and recounts what it leaves.
end_server() {
  kill -TERM "$server"; wait "$server"
  "$bin" verify --data "$work/data"
}
