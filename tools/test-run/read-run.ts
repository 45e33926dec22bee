import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What became of one task: a package's tests, or one of the repository's checks. */
export interface TaskResult {
  /** `services/billing`, `tools`, or `check:lint`. */
  name: string;
  passed: number;
  failed: number;
  skipped: number;
  seconds: number;
  cached: boolean;
  /** What failed, by name, each with the first lines of what was wrong. */
  failures: string[];
}

interface RunSummary {
  tasks: {
    task: string;
    taskId: string;
    command: string;
    directory: string;
    cache: { status: 'HIT' | 'MISS' };
    execution?: { startTime: number; endTime: number; exitCode: number | null };
  }[];
}

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages?: string[] }[];
  }[];
}

/** Reads turbo's summaries of its last runs and the reports that vitest wrote, or that the cache gave back. */
export async function readRun(root: string): Promise<TaskResult[]> {
  const folder = join(root, '.turbo', 'runs');
  const files = await readdir(folder).catch((): string[] => []);
  const summaries = await Promise.all(
    files.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8')) as RunSummary),
  );
  const tasks = summaries.flatMap((summary) => summary.tasks);
  const real = tasks.filter(({ command }) => command !== '' && command !== '<NONEXISTENT>');
  const results = await Promise.all(real.map((task) => readTask(root, task)));
  return results.toSorted((a, b) => a.name.localeCompare(b.name));
}

async function readTask(root: string, task: RunSummary['tasks'][number]): Promise<TaskResult> {
  const { execution } = task;
  const cached = task.cache.status === 'HIT';
  const seconds = cached || !execution ? 0 : (execution.endTime - execution.startTime) / 1_000;
  const succeeded = cached || execution?.exitCode === 0;
  if (task.task.startsWith('check:')) {
    return {
      name: task.task,
      ...none,
      failed: succeeded ? 0 : 1,
      seconds,
      cached,
      failures: succeeded ? [] : [task.task],
    };
  }
  const home = task.task === 'test:tools' ? 'tools' : task.directory;
  const report = await readReport(
    join(root, home, '.turbo', 'tests.json'),
    execution?.startTime ?? 0,
    cached,
  );
  const counted = report ? count(report) : { ...none, failures: [] };
  if (!succeeded && counted.failed === 0) {
    counted.failed = 1; // it died before, beside or after its tests
    counted.failures.push(`${home}: the run itself failed`);
  }
  return { name: home, ...counted, seconds, cached };
}

const none = { passed: 0, failed: 0, skipped: 0 };

/** The test's name, and below it what was wrong: the run's own output may be cut off before it. */
function describeFailure(test: { fullName: string; failureMessages?: string[] }): string {
  const [message = ''] = test.failureMessages ?? [];
  const lines = message.split('\n').filter((line) => line.trim() !== '');
  return [test.fullName, ...lines.slice(0, 12).map((line) => `      ${line.slice(0, 300)}`)].join('\n');
}

/** A report older than the run is of another run: this one had no tests, or died before it wrote one. */
async function readReport(
  file: string,
  startedAt: number,
  cached: boolean,
): Promise<VitestReport | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const report = JSON.parse(text) as VitestReport & { startTime: number };
  return cached || report.startTime >= startedAt ? report : undefined;
}

function count(report: VitestReport) {
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((each) => each.status === 'failed'),
  );
  const failedTests = report.testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed').map(describeFailure),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles.length,
    skipped: report.numPendingTests + report.numTodoTests,
    failures: [...failedTests, ...brokenFiles.map(({ name }) => `${name} could not run`)],
  };
}
