#!/usr/bin/env bash
# Our Stripe adapter's requests against Stripe's own stripe-mock, and stripesim's answers against the OpenAPI document
# that stripe-mock carries. Both speak the API version of the Stripe SDK we use.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/platform.bash"

version=v0.203.0
cache=${CNAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cnap}/stripe-mock-$version
if [ ! -x "$cache/stripe-mock" ] || [ ! -d "$cache/openapi" ]; then
  command -v go >/dev/null || skip 'stripe-mock is built with Go, which is not installed'
  echo "-- building stripe-mock $version"
  mkdir -p "$cache"
  GOBIN="$scratch/bin" go install "github.com/stripe/stripe-mock@$version" || skip 'stripe-mock could not be fetched or built'
  rm -rf "$cache/openapi"
  cp -r "$(go env GOMODCACHE)/github.com/stripe/stripe-mock@$version/embedded/openapi" "$cache/openapi"
  chmod -R u+w "$cache/openapi"
  mv "$scratch/bin/stripe-mock" "$cache/stripe-mock"
fi

port=$(free_port)
"$cache/stripe-mock" -http-addr "127.0.0.1:$port" >"$scratch/stripe-mock.log" 2>&1 &
mock=$!
trap 'kill "$mock" 2>/dev/null || true; at_exit' EXIT
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
  kill -0 "$mock" 2>/dev/null || { cat "$scratch/stripe-mock.log"; exit 1; }
  sleep 0.1
done

adapter() { (cd services/billing && CNAP_STRIPE_MOCK_URL="http://127.0.0.1:$port" vitest run --reporter=default tests/stripe-mock.test.ts); }
answers() { (cd tools/stripesim && CNAP_STRIPE_OPENAPI="$cache/openapi" vitest run --reporter=default tests/openapi.test.ts); }
check "billing's requests, checked by stripe-mock" adapter || true
check "stripesim's answers, checked by Stripe's OpenAPI document" answers || true
summary
