import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { findProgram } from '@cnap/programs';
import { root } from '../programs.ts';

/**
 * What a person would type for the same chart; milliseconds, the namespace made before. `hook`: until the job of the
 * chart's hook has ended as well, which a sale waits for; it was applied with the rest.
 */
export type Hand = { deploy(signal: AbortSignal): Promise<ByHand> };
export type ByHand = {
  template: number;
  apply: number;
  wait: number;
  hook: number;
  all: number;
  withHook: number;
};

const chart = join(root, 'tools/stack/charts/sample');

export async function openHand(kubeconfig: string, scratch: string): Promise<Hand> {
  const helm = (await findProgram('helm')).path;
  const kubectl = (await findProgram('kubectl')).path;
  const access = ['--kubeconfig', kubeconfig, '--cache-dir', join(scratch, 'kubectl-cache')];
  const prefix = `hand-${process.pid}`;
  let count = 0;
  return {
    async deploy(signal) {
      count += 1;
      const namespace = `${prefix}-${count}`;
      await run(kubectl, [...access, 'create', 'namespace', namespace], '', signal);
      const begun = performance.now();
      const text = await run(helm, ['template', 'sample', chart, '--namespace', namespace], '', signal);
      const rendered = performance.now();
      await run(kubectl, [...access, 'apply', '--server-side', '-n', namespace, '-f', '-'], text, signal);
      const applied = performance.now();
      const wait = ['wait', 'deployment', '--all', '--for=condition=Available', '--timeout=60s'];
      await run(kubectl, [...access, ...wait, '-n', namespace], '', signal);
      const ready = performance.now();
      const ended = ['wait', 'job', '--all', '--for=condition=complete', '--timeout=60s'];
      await run(kubectl, [...access, ...ended, '-n', namespace], '', signal);
      const complete = performance.now();
      return {
        template: rendered - begun,
        apply: applied - rendered,
        wait: ready - applied,
        hook: complete - ready,
        all: ready - begun,
        withHook: complete - begun,
      };
    },
  };
}

async function run(command: string, args: string[], input: string, signal: AbortSignal): Promise<string> {
  const child = spawn(command, args, { signal, stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${complaint.slice(-500)}`);
  return said;
}
