#!/usr/bin/env bash
# Purchases, updates and deletes while everything is killed, frozen and cut off: none lost, none doubled.
# takes 120 s
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/platform.bash"

if ! check 'purchases under fire' node tools/stack/src/chaos/main.ts \
  --purchases 16 --seconds 30 --seed 42 --patience 240 --report "$scratch/report"; then
  tail -n 20 "$scratch/report/logs/platform.log" || true
  grep -h '"level":"error"' "$scratch"/report/logs/*.log | tail -n 20 | cut -c 1-600 || true
fi
summary
