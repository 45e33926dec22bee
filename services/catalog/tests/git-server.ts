// Git repositories over HTTP, served by Git itself (git-http-backend), where Git is found.
import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { serveFiles } from '@cnap/testing';

export const hasGit =
  spawnSync('git', ['http-backend'], { env: { PATH: process.env['PATH'] } }).status !== null;
if (!hasGit) process.stderr.write('skipped with real Git servers: git is not found\n');

export type GitServer = AsyncDisposable & {
  url: string;
  /** The `authorization` that is asked for; nothing: everybody may read. */
  guard: { authorization?: string };
  /** Writes files (a value that begins with "-> " is a symbolic link) and commits; the commit's id. */
  commit(files: Record<string, string>): Promise<string>;
  git(...args: string[]): string;
};

export async function startGitServer(): Promise<GitServer> {
  const root = await mkdtemp(join(tmpdir(), 'cnap-git-'));
  const folder = join(root, 'app');
  const env = {
    PATH: process.env['PATH'],
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    ...Object.fromEntries(
      ['AUTHOR', 'COMMITTER'].flatMap((who) => [
        [`GIT_${who}_NAME`, 'Test'],
        [`GIT_${who}_EMAIL`, 'test@example.test'],
        [`GIT_${who}_DATE`, '2026-01-01T00:00:00Z'],
      ]),
    ),
  };
  const git = (...args: string[]): string => {
    const run = spawnSync('git', args, { cwd: folder, env, encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`git ${args.join(' ')}: ${run.stderr}`);
    return run.stdout.trim();
  };
  await mkdir(folder);
  git('init', '--quiet', '--initial-branch=main');
  git('config', 'uploadpack.allowAnySHA1InWant', 'true');

  const guard: GitServer['guard'] = {};
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (guard.authorization !== undefined && request.headers.authorization !== guard.authorization) {
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    }
    const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
    const backend = spawn('git', ['http-backend'], {
      env: {
        ...env,
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        PATH_INFO: pathname.replace('/app.git', '/app/.git'),
        QUERY_STRING: search.slice(1),
        REQUEST_METHOD: request.method ?? 'GET',
        CONTENT_TYPE: request.headers['content-type'] ?? '',
      },
    });
    const chunks: Buffer[] = [];
    backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    backend.stdin.on('error', () => undefined); // it need not read what it does not want
    request.pipe(backend.stdin);
    backend.on('close', () => {
      const all = Buffer.concat(chunks);
      const end = all.indexOf('\r\n\r\n');
      const headers = all
        .toString('latin1', 0, end)
        .split('\r\n')
        .map((one) => one.split(': '));
      const status = Number.parseInt(headers.find(([name]) => name === 'Status')?.[1] ?? '200', 10);
      response.writeHead(status, Object.fromEntries(headers)).end(all.subarray(end + 4));
    });
  };
  const paths = ['/app.git/info/refs', '/app.git/git-upload-pack'];
  const server = await serveFiles({ files: Object.fromEntries(paths.map((path) => [path, answer])) });
  return {
    url: `${server.url}/app.git`,
    guard,
    git,
    async commit(files) {
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await rm(join(folder, path), { force: true });
        if (content.startsWith('-> ')) await symlink(content.slice(3), join(folder, path));
        else await writeFile(join(folder, path), content);
      }
      git('add', '--all');
      git('commit', '--quiet', '--message', 'change');
      return git('rev-parse', 'HEAD');
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(root, { recursive: true, force: true });
    },
  };
}
