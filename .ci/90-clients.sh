#!/usr/bin/env bash
# Clients that are not ours, or not in this workspace, against a platform that `npm start` brought up: the packed
# npm package in Node, Deno and Bun; Go and Python from the protos and from the OpenAPI document; grpcurl and buf curl
# by reflection; schemathesis. What needs a language or a package that is not to be had is skipped and says so.
# takes 150 s, and 240 s more where the tools for Go and Python are not in the cache yet.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/platform.bash"

deno_version=2.9.6 bun_version=1.4.5
go_tools=(
  google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.11
  google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.5.1
  github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2
  github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3
)
cache=${CNAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cnap}
clients=$PWD/.ci/clients
nobody=clu_00000000000000000000000000
left=${CNAP_CI_LEFT:-3600} # seconds

without() { # <what is skipped, and why>
  echo "skipped: $*"
  skipped=$((skipped + 1))
}

# says <pattern> <command …>: it succeeds, and prints that.
says() {
  local pattern=$1 output
  shift
  output=$("$@" 2>&1) || { echo "$output" && return 1; }
  head -n 6 <<<"$output"
  grep -qE "$pattern" <<<"$output" || { echo "nothing there fits $pattern" && return 1; }
}

# refuses <pattern> <command …>: it fails, and prints that.
refuses() {
  local pattern=$1 output
  shift
  if output=$("$@" 2>&1); then echo "$output" && return 1; fi
  grep -E "$pattern" <<<"$output" || { echo "$output" && return 1; }
}

# kept <name> <seconds> <command …>: the folder of that name in the cache, which the command makes of an empty one.
kept() {
  local folder=$cache/$1 takes=$2
  shift 2
  if [ ! -e "$folder/complete" ] && [ "$takes" -gt "$((left - SECONDS))" ]; then return 1; fi
  if [ ! -e "$folder/complete" ]; then
    rm -rf "$folder" && mkdir -p "$folder" && (cd "$folder" && "$@") >"$scratch/kept.log" 2>&1 && touch "$folder/complete" ||
      { tail -n 5 "$scratch/kept.log" >&2 && return 1; }
  fi
  echo "$folder"
}
named_after() { cat "$@" | sha256sum | cut -c1-12; }

check 'npm start' start_platform || { tail -n 30 "$scratch/platform.log"; summary; exit 1; }
dev() { node -p "JSON.parse(require('node:fs').readFileSync('$CNAP_DATA/dev.json')).$1"; }
CNAP_URL=$(dev url) CNAP_TOKEN=$(dev seller.token) CNAP_WORKSPACE=$(dev seller.workspace_id) cluster=$(dev cluster_id)
export CNAP_URL CNAP_TOKEN CNAP_WORKSPACE
headers=(-H "authorization: Bearer $CNAP_TOKEN" -H "x-workspace-id: $CNAP_WORKSPACE")
get_cluster=cnap.clusters.v1.ClusterService/GetCluster
[ -d third_party/google ] || node tools/generate.ts --third-party
curl -sf "$CNAP_URL/v1/openapi.json" -o "$scratch/openapi.json"

# The npm package, installed as anybody does, outside of the workspace.
user=$scratch/user
install_package() {
  local tarball
  mkdir -p "$user" && tarball=$(node packages/client/src/pack.ts "$scratch") && echo "${tarball##*/}" &&
    cp packages/client/examples/*.ts "$user" && echo '{"type":"module","private":true}' >"$user/package.json" &&
    (cd "$user" && npm install --silent --no-audit --no-fund "$tarball" @connectrpc/connect-node) &&
    packages/client/node_modules/.bin/esbuild "$user"/node*.ts --outdir="$user" --log-level=warning
}
example() { (cd "$user" && says 'refused: CLUSTER_NOT_FOUND' "$@"); }
fetch_runtime() { npm install --prefix . --silent --no-audit --no-fund "$1" && node_modules/.bin/"${1%@*}" --version; }
if check '@cnap/client is packed and installed' install_package; then
  outside=$(PATH=$(tr ':' '\n' <<<"$PATH" | grep -vF "$PWD/node_modules" | paste -sd:) command -v node || true)
  for node in node $outside; do
    check "@cnap/client in Node $($node --version)" example "$node" node.js || true
  done
  check '@cnap/client in Node, gRPC over HTTP/2' example node node-http2.js || true
  if deno=$(kept "deno-$deno_version" 100 fetch_runtime "deno@$deno_version"); then
    export DENO_NO_UPDATE_CHECK=1 DENO_DIR=$scratch/deno
    check "@cnap/client in Deno $deno_version, types and all" \
      example "$deno/node_modules/.bin/deno" run --check --allow-net --allow-env deno.ts || true
  else without 'Deno, which the npm registry does not give, or not in the time that is left'; fi
  if bun=$(kept "bun-$bun_version" 100 fetch_runtime "bun@$bun_version"); then
    check "@cnap/client in Bun $bun_version" example "$bun/node_modules/.bin/bun" bun.ts || true
  else without 'Bun, which the npm registry does not give, or not in the time that is left'; fi
fi

# buf curl, over every protocol
curl_with() { buf curl "${headers[@]}" "$@"; }
for protocol in connect grpc grpcweb; do
  by_buf() {
    says "\"id\": \"$cluster\"|\"id\":\"$cluster\"" curl_with --protocol "$protocol" --http2-prior-knowledge \
      -d "{\"id\":\"$cluster\"}" "$CNAP_URL/$get_cluster" &&
      refuses "CLUSTER_NOT_FOUND|no cluster $nobody" curl_with --protocol "$protocol" --http2-prior-knowledge \
        -d "{\"id\":\"$nobody\"}" "$CNAP_URL/$get_cluster"
  }
  check "buf curl with reflection, $protocol" by_buf || true
done

# Go, grpcurl
install_go_tools() { for tool in "${go_tools[@]}"; do GOBIN=$PWD/bin go install "$tool" || return 1; done; }
if ! command -v go >/dev/null; then
  without 'clients in Go and grpcurl, as Go is not installed'
elif ! tools=$(kept "go-tools-$(named_after <<<"${go_tools[*]}")" 300 install_go_tools); then
  without 'clients in Go and grpcurl, which could not be fetched and built, or not in the time that is left'
else
  export PATH="$tools/bin:$PATH"
  cp -r "$clients/go" "$scratch/go"
  from_protos() { buf generate --template buf.gen.go.yaml -o "$scratch/go" && (cd "$scratch/go" && go build -o rpc.out ./rpc); }
  from_document() {
    mkdir -p "$scratch/go/api" &&
      oapi-codegen -package api -generate types,client -o "$scratch/go/api/api.gen.go" "$scratch/openapi.json" &&
      (cd "$scratch/go" && go build -o rest.out ./rest)
  }
  call_in_go() { says "$cluster is CLUSTER_STATE_RUNNING" "$scratch/go/rpc.out" && says 'NotFound CLUSTER_NOT_FOUND' "$scratch/go/rpc.out"; }
  rest_in_go() { says "$cluster is " "$scratch/go/rest.out" && says 'refused: 404 not_found' "$scratch/go/rest.out"; }
  if check 'Go stubs from the protos compile' from_protos; then check 'Go: a call, a stream, an error over gRPC' call_in_go || true; fi
  if check 'a Go client from the OpenAPI document compiles' from_document; then check 'Go: a call and an error over REST' rest_in_go || true; fi

  ask() { grpcurl -plaintext -max-time 30 "${headers[@]}" "$@"; }
  address=${CNAP_URL#http://}
  by_grpcurl() {
    says '^cnap.billing.v1.OrderService$' ask "$address" list &&
      says 'returns \( stream' ask "$address" describe cnap.clusters.v1.ClusterService.WatchCluster &&
      says "\"id\": \"$cluster\"" ask -d "{\"id\":\"$cluster\"}" "$address" "$get_cluster" &&
      refuses '"reason": "CLUSTER_NOT_FOUND"' ask -d "{\"id\":\"$nobody\"}" "$address" "$get_cluster"
  }
  check 'grpcurl lists, describes, calls, and shows an error' by_grpcurl || true
fi

# Python, schemathesis
install_python() { python3 -m venv . && bin/pip install --quiet -r "$clients/python/requirements.txt"; }
if ! command -v python3 >/dev/null; then
  without 'clients in Python and schemathesis, as Python is not installed'
elif ! python=$(kept "python-$(named_after "$clients/python/requirements.txt")" 200 install_python); then
  without 'clients in Python and schemathesis, which could not be fetched, or not in the time that is left'
else
  export PATH="$python/bin:$PATH"
  stubs() { buf generate --template buf.gen.python.yaml -o "$scratch/python"; }
  # It knows no downloads of this type, and leaves the operation out.
  download='^WARNING parsing GET /v1/installs/{id}/support_bundle within installs.$'
  generated() {
    (cd "$scratch" && openapi-python-client generate --path openapi.json --output-path rest/cnap_api --meta none) >"$scratch/generated.log" 2>&1 &&
      ! grep -E 'WARNING|Unable|ERROR' "$scratch/generated.log" | grep -v "$download"
  }
  call_in_python() {
    PYTHONPATH=$scratch/python/gen says "$cluster is CLUSTER_STATE_RUNNING" python3 "$clients/python/rpc.py" &&
      PYTHONPATH=$scratch/python/gen says 'NOT_FOUND CLUSTER_NOT_FOUND' python3 "$clients/python/rpc.py"
  }
  rest_in_python() { PYTHONPATH=$scratch/rest says 'refused: 404 not_found' python3 "$clients/python/rest.py"; }
  if check 'Python stubs from the protos' stubs; then check 'Python: a call, a stream, an error over gRPC' call_in_python || true; fi
  if check 'a Python client from the OpenAPI document' generated; then check 'Python: a call and an error over REST' rest_in_python || true; fi

  # By one worker: before 3.11.9 Python counts how deep it parses for all threads together, and fails when two do so.
  fuzzed() {
    (cd "$scratch" && timeout 150 schemathesis --no-color --config-file "$clients/schemathesis.toml" run openapi.json \
      --url "$CNAP_URL" -H "Authorization: Bearer $CNAP_TOKEN" -H "X-Workspace-Id: $CNAP_WORKSPACE" --max-examples 5 --max-time 60 --workers 1 --warnings off) >"$scratch/schemathesis.log" 2>&1 || {
      sed -n '/= ERRORS\|= FAILURES/,$p' "$scratch/schemathesis.log" | cut -c1-400 | head -n 200
      return 1
    }
    grep -E 'Tested:|generated|Seed' "$scratch/schemathesis.log"
  }
  check 'schemathesis: answers are as the OpenAPI document says, none is a 5xx' fuzzed || true
fi
check 'ends within 15 s' stop_platform || true
summary
