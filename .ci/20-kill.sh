#!/usr/bin/env bash
# One kill -9 of each service, of NATS and of Postgres during sales: every sale succeeds, none is lost or doubled.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/platform.bash"

check 'npm start' start_platform || { summary; exit 1; }
if ! check 'sales while everything is killed once' node tools/stack/src/check-kills/main.ts; then
  echo '-- what the platform said:'
  tail -n 60 "$scratch/platform.log"
  tail -n 5 "$CNAP_DATA"/logs/*.log || true
fi
check 'ends within 15 s' stop_platform || true
summary
