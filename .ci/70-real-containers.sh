#!/usr/bin/env bash
# Logs and shells of real containers: a control plane and one worker with containerd on this machine, made by the
# scripts of `../shared/kubernetes/node` (or CNAP_TEST_NODE). Needs root, containerd and runc; skips, saying so, without.
# takes 90 s
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/platform.bash"

node_scripts=${CNAP_TEST_NODE:-$(cd .. && pwd)/shared/kubernetes/node}
[ -x "$node_scripts/control-plane.sh" ] || skip 'real containers, as there are no scripts that start a worker'
[ "$(id -u)" = 0 ] || skip 'real containers, as a worker needs root'
for program in containerd runc iptables conntrack socat ip busybox kubectl; do
  command -v "$program" >/dev/null || skip "real containers, as $program is not installed"
done

export WORK=$scratch/node BIN=$scratch/node-bin
export KUBECONFIG=$WORK/cp/super-admin.conf
mkdir -p "$WORK"
stop_node() {
  "$node_scripts/machine.sh" m1 1 down || true
  "$node_scripts/konnectivity.sh" stop || true
  "$node_scripts/control-plane.sh" stop || true
} >/dev/null 2>&1
trap 'stop_node; rm -rf "$scratch"' EXIT

# The worker is no part of the product: where it cannot be started, that is said.
start_node() (
  cd "$node_scripts"
  ./images.sh && ./control-plane.sh && ./konnectivity.sh server && ./konnectivity.sh daemonset &&
    ./machine.sh m1 1 up && ./machine.sh m1 1 install && ./machine.sh m1 1 join && ./machine.sh m1 1 cni &&
    timeout 120 kubectl wait --for=condition=Ready node/m1 --timeout=120s
)
if ! start_node >"$scratch/node.log" 2>&1; then
  tail -n 5 "$scratch/node.log"
  skip 'real containers, as no worker starts on this machine'
fi
export CNAP_TEST_KUBECONFIG=$KUBECONFIG CNAP_TEST_IMAGE=docker.io/library/busybox:1 LOG_LEVEL=silent
check 'shells of real containers' bash -c 'cd services/installer && vitest run tests/exec.test.ts --testTimeout=60000' || true
summary
