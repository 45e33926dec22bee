import type { PinnedDownload } from './download.ts';

/** Releases whose checksums their projects (or, for kubectl, Kubespray) have published. */
export const downloads = {
  // https://github.com/helm/helm/releases/tag/v4.1.1
  helm: {
    name: 'helm',
    version: '4.1.1',
    platforms: {
      'linux-x64': {
        url: 'https://get.helm.sh/helm-v4.1.1-linux-amd64.tar.gz',
        sha256: '5d4c7623283e6dfb1971957f4b755468ab64917066a8567dd50464af298f4031',
        member: 'linux-amd64/helm',
      },
      'linux-arm64': {
        url: 'https://get.helm.sh/helm-v4.1.1-linux-arm64.tar.gz',
        sha256: '02a5fb7742469d2d132e24cb7c3f52885894043576588c6788b6813297629edd',
        member: 'linux-arm64/helm',
      },
    },
  },
  // https://github.com/kubernetes-sigs/kubespray: roles/kubespray_defaults/vars/main/checksums.yml
  kubectl: {
    name: 'kubectl',
    version: '1.35.1',
    platforms: {
      'linux-x64': {
        url: 'https://dl.k8s.io/release/v1.35.1/bin/linux/amd64/kubectl',
        sha256: '36e2f4ac66259232341dd7866952d64a958846470f6a9a6a813b9117bd965207',
      },
      'linux-arm64': {
        url: 'https://dl.k8s.io/release/v1.35.1/bin/linux/arm64/kubectl',
        sha256: '706256e21a4e9192ee62d1a007ac0bfcff2b0b26e92cc7baad487a6a5d08ff82',
      },
    },
  },
  // https://github.com/nats-io/nats-docker: 2.10.x/alpine3.22/Dockerfile
  'nats-server': {
    name: 'nats-server',
    version: '2.10.29',
    platforms: {
      'linux-x64': {
        url: 'https://github.com/nats-io/nats-server/releases/download/v2.10.29/nats-server-v2.10.29-linux-amd64.tar.gz',
        sha256: 'e314da74a83a1d3876db8814c27eb990fe729640fd6452025b441bcede8390da',
        member: 'nats-server-v2.10.29-linux-amd64/nats-server',
      },
      'linux-arm64': {
        url: 'https://github.com/nats-io/nats-server/releases/download/v2.10.29/nats-server-v2.10.29-linux-arm64.tar.gz',
        sha256: 'da4b27942ecfb4c5f0c54553d2e7f470ddda9d7581cfe8131b351a0e223ed401',
        member: 'nats-server-v2.10.29-linux-arm64/nats-server',
      },
    },
  },
} satisfies Record<string, PinnedDownload>;
