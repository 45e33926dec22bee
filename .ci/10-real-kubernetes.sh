#!/usr/bin/env bash
# The first sale on a real control plane (KUBEBUILDER_ASSETS), then real charts (CNAP_TEST_CHARTS) bought, run and
# removed on it; where there is none, on kubesim. The installer's contract holds the two against each other.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/platform.bash"

# check_on <kubernetes>
check_on() {
  export CNAP_DATA=$scratch/$1 CNAP_PORT
  CNAP_PORT=$(free_port)
  mkdir -p "$CNAP_DATA"
  chmod 755 "$CNAP_DATA"
  if ! check "$1: npm start" start_platform --kubernetes "$1"; then return 0; fi
  local monthly
  monthly=$(node -p 'JSON.parse(require("node:fs").readFileSync(process.env.CNAP_DATA + "/dev.json")).products.monthly')
  check "$1: a sale, one-time" node tools/stack/src/sale/main.ts || true
  check "$1: a sale, monthly" node tools/stack/src/sale/main.ts --product "$monthly" || true
  if [ -n "${CNAP_TEST_CHARTS:-}" ]; then
    check "$1: podinfo, nats, vault and traefik, from the chart to their removal" \
      node tools/stack/src/check-charts/main.ts || true
  else
    echo 'skipped: real charts, as CNAP_TEST_CHARTS is not set'
    skipped=$((skipped + 1))
  fi
  check "$1: ends within 15 s" stop_platform || true
}

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
  check_on real
else
  echo 'skipped: the real control plane, as KUBEBUILDER_ASSETS is not set'
  skipped=$((skipped + 1))
  check_on kubesim
fi
summary
