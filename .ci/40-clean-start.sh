#!/usr/bin/env bash
# A clean clone on a machine that has only node, npm, git and a shell: npm start, a sale, SIGTERM, nothing left behind,
# and the next start goes on with the data.
# takes 110 s
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/platform.bash"

# PATH without this checkout's own programs, however often they were put in front.
outside=$(tr ':' '\n' <<<"$PATH" | grep -vF "$PWD/node_modules" | paste -sd:)
outside_node=$(PATH=$outside command -v node || true)
[ -n "$outside_node" ] || skip 'there is no Node on PATH outside of this checkout'

# What such a machine has on its PATH, and nothing else.
bin=$scratch/bin home=$scratch/home clone=$scratch/clone
mkdir -p "$bin" "$home"
for program in npm npx git sh bash env cat cp mv rm ln ls mkdir chmod chown id uname sed grep head tail sort tr cut wc \
  date sleep dirname basename readlink realpath mktemp touch stat tar gzip xz dpkg-deb setpriv kill ps; do
  path=$(PATH=$outside command -v "$program" || true)
  [ -z "$path" ] || [ ! -x "$path" ] || ln -s "$path" "$bin/$program"
done
ln -s "$outside_node" "$bin/node"

# As that machine: an empty HOME, but for where packages come from, and whom to believe that they do.
for file in .npmrc; do [ ! -f "$HOME/$file" ] || cp "$HOME/$file" "$home/$file"; done
there() {
  (cd "$clone" && env -i PATH="$bin" HOME="$home" TMPDIR="$scratch" CNAP_PORT="$port" \
    ${npm_config_registry:+npm_config_registry="$npm_config_registry"} \
    ${NODE_EXTRA_CA_CERTS:+NODE_EXTRA_CA_CERTS="$NODE_EXTRA_CA_CERTS"} "$@")
}

ours() { # processes that belong to the clone, by command line or working folder
  local process
  for process in /proc/[0-9]*; do
    if tr '\0' ' ' <"$process/cmdline" 2>/dev/null | grep -qF "$scratch" ||
      readlink "$process/cwd" 2>/dev/null | grep -qF "$scratch"; then
      case ${process#/proc/} in $$ | "$BASHPID") ;; *) echo "${process#/proc/}" ;; esac
    fi
  done
}

port=$(free_port)
start_there() { # <log>
  # exec: the process that is asked to end is npm itself
  (cd "$clone" && exec env -i PATH="$bin" HOME="$home" TMPDIR="$scratch" CNAP_PORT="$port" \
    ${npm_config_registry:+npm_config_registry="$npm_config_registry"} \
    ${NODE_EXTRA_CA_CERTS:+NODE_EXTRA_CA_CERTS="$NODE_EXTRA_CA_CERTS"} npm start) >"$1" 2>&1 &
  platform_pid=$!
  wait_ready "$platform_pid" "$1"
}
nothing_left() {
  local deadline=$((SECONDS + 10)) left
  while left=$(ours) && [ -n "$left" ]; do
    if [ "$SECONDS" -gt "$deadline" ]; then
      for pid in $left; do echo "left behind: $pid $(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c1-200)"; done
      return 1
    fi
    sleep 0.2
  done
}
orders() { # how many orders the seller sees
  node -e '
    const dev = JSON.parse(require("node:fs").readFileSync(process.argv[1] + "/.cnap/dev.json"));
    fetch(dev.url + "/cnap.billing.v1.OrderService/ListOrders", { method: "POST", body: "{}", headers: {
      "content-type": "application/json", authorization: "Bearer " + dev.seller.token, "x-workspace-id": dev.seller.workspace_id } })
      .then((answer) => answer.json()).then(({ orders }) => console.log((orders ?? []).length));' "$clone"
}
runs() { [ "$(ours | wc -l)" -ge 10 ] || { echo "only these are seen: $(ours)"; return 1; }; }
has_one_order() { [ "$(orders)" = 1 ] || { echo "there are $(orders) orders, not 1"; return 1; }; }
is_private() { [ "$(stat -c %a "$clone/.cnap/dev.json")" = 600 ]; }
says_busy() { # a second start on the same port: one clear line
  local line
  if line=$(there env CNAP_DATA="$scratch/other" npm --silent start 2>&1 | tail -n 1); then :; fi
  echo "$line"
  grep -q "port $port is in use" <<<"$line"
}

check 'clean clone' git clone -q . "$clone" || { summary; exit 1; }
check 'npm start from nothing' start_there "$scratch/first.log" || { tail -n 40 "$scratch/first.log"; summary; exit 1; }
grep -E '^. ' "$scratch/first.log" || true
check 'dev.json is for its owner alone' is_private || true
check 'its processes are seen' runs || true
check 'npm run sale' there npm --silent run sale || true
check 'a busy port is one clear line' says_busy || true
check 'SIGTERM ends it' stop_platform || true
check 'no process is left' nothing_left || true
check 'the next start' start_there "$scratch/second.log" || { tail -n 40 "$scratch/second.log"; summary; exit 1; }
check 'the order is still there' has_one_order || true
check 'another sale' there npm --silent run sale || true
check 'SIGTERM ends it again' stop_platform || true
check 'no process is left again' nothing_left || true
summary
