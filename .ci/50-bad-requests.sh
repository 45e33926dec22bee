#!/usr/bin/env bash
# 100 generated bad requests to every public RPC and every REST operation: a clear error each, and memory that stays.
# takes 80 s
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/platform.bash"
node tools/stack/src/fuzz/main.ts --per-method 100 "$@"
