#!/usr/bin/env bash
# One kill -9 of each service, of NATS and of Postgres during sales: every sale succeeds, none is lost or doubled.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/platform.bash"

check 'npm start' start_platform || { summary; exit 1; }
if ! check 'sales while everything is killed once' node tools/stack/src/check-kills/main.ts; then
  echo '-- what the platform said:'
  tail -n 60 "$scratch/platform.log"
  echo '-- errors in the logs:'
  grep -h '"level":"\(error\|fatal\)"' "$CNAP_DATA"/logs/*.log | cut -c 1-1500 | tail -n 20 || true
fi
check 'ends within 15 s' stop_platform || true
summary
