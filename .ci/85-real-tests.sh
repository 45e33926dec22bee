#!/usr/bin/env bash
# The tests that run on a real control plane (KUBEBUILDER_ASSETS) and with real charts (CNAP_TEST_CHARTS), which
# `npm test` skips where it is not told of them: the engine's contract, any chart, adoption, removal, sleep, drift,
# imports with real RBAC.
# takes 300 s
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/platform.bash"

[ -n "${KUBEBUILDER_ASSETS:-}" ] || skip 'the real control plane, as KUBEBUILDER_ASSETS is not set'
export LOG_LEVEL=silent NODE_COMPILE_CACHE=$PWD/node_modules/.cache/compile

# tests <folder> <files …>: counted as vitest counts them. They wait more than they work: three at a time.
tests() {
  local folder=$1 log=$scratch/tests.log counted
  shift
  echo "-- $folder"
  (cd "$folder" && vitest run --maxWorkers=3 "$@") >"$log" 2>&1 || sed -n '/FAIL/,$p' "$log" | head -n 200
  counted=$(node -p '
    const run = JSON.parse(require("node:fs").readFileSync(`${process.argv[1]}/.turbo/tests.json`));
    [run.numPassedTests, run.numFailedTests || (run.success ? 0 : 1), run.numPendingTests].join(" ")' "$folder") || counted='0 1 0'
  read -r p f s <<<"$counted"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  echo "$folder: $p passed, $f failed, $s skipped"
}

tests services/installer engine.test real.test charts- adoption held-removal hibernate drift admission
tests services/clusters import trouble
tests packages/kubernetes contract
tests tools/kubesim contract
tests tools/stack least-privilege
summary
