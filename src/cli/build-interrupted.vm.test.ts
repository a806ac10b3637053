/** Real builds from the command line whose processes are killed at bad moments. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { testHomeRoot } from '../build/testing/test-host.ts';
import { readJournal } from '../host/journal/journal.ts';
import { isAlive, type ProcessIdentity } from '../host/journal/process-identity.ts';

const launcher = join(import.meta.dirname, '..', '..', 'goldsmith');
const env = { ...process.env, GOLDSMITH_HOME: testHomeRoot(), NO_COLOR: '1' };
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'goldsmith-interrupted-'));
  await writeFile(
    join(folder, 'template.json'),
    JSON.stringify({
      location: 'westus2',
      identity: { type: 'None' },
      properties: {
        source: {
          type: 'PlatformImage',
          publisher: 'Debian',
          offer: 'debian-12',
          sku: '12',
          version: 'latest',
        },
        vmProfile: { vmSize: 'Standard_B2s' },
        customize: [{ type: 'Shell', inline: ['echo scene is set', 'sleep 3600'] }],
        distribute: [{ type: 'VHD', runOutputName: 'interrupted' }],
      },
    }),
  );
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Running {
  readonly child: ChildProcess;
  readonly runDir: string;
  readonly lines: readonly string[];
  /** The machine and its network. */
  readonly processes: readonly ProcessIdentity[];
}

/** Starts a build and resolves when its customizer runs in the guest. */
async function startBuild(): Promise<Running> {
  const child = spawn(launcher, ['build', 'template.json', '--output', folder], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let runDir: string | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  const set = new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const runId = /\(run ([0-9a-f-]{36})\)/.exec(line)?.[1];
      if (runId !== undefined) runDir = join(testHomeRoot(), 'runs', runId);
      if (line.endsWith('scene is set')) resolve();
    });
    child.once('exit', () => reject(new Error(`the build ended early:\n${lines.join('\n')}`)));
  });
  await set;
  assert.ok(runDir !== undefined, lines.join('\n'));
  const processes = readJournal(runDir).flatMap((entry) =>
    entry.process === undefined ? [] : [entry.process],
  );
  assert.ok(processes.length > 0 && processes.every(isAlive), 'the machine is journaled and runs');
  return { child, runDir, lines, processes };
}

async function exitCodeOf(child: ChildProcess): Promise<number> {
  const [code]: unknown[] = await once(child, 'exit');
  return Number(code);
}

async function ended(processes: readonly ProcessIdentity[]): Promise<boolean> {
  const deadline = Date.now() + 30_000;
  while (processes.some(isAlive) && Date.now() < deadline) await pause(50);
  return !processes.some(isAlive);
}

function runState(runDir: string): string {
  return String(/"state": "(\w+)"/.exec(readFileSync(join(runDir, 'run.json'), 'utf8'))?.[1]);
}

test('when QEMU is killed the build fails at once and says so', async () => {
  const { child, runDir, processes, lines } = await startBuild();
  for (const { pid } of processes) process.kill(pid, 'SIGKILL');
  assert.equal(await exitCodeOf(child), 4, lines.join('\n'));
  assert.ok(
    lines.some((line) => line.includes('The build VM is gone')),
    lines.join('\n'),
  );
  assert.ok(!existsSync(join(runDir, 'work')));
  await rm(runDir, { recursive: true });
});

test('an interrupted build ends with its own exit code and leaves nothing', async () => {
  const { child, runDir, processes } = await startBuild();
  child.kill('SIGINT');
  assert.equal(await exitCodeOf(child), 130);
  assert.ok(await ended(processes));
  assert.equal(runState(runDir), 'Canceled');
  assert.ok(!existsSync(join(runDir, 'work')));
  assert.ok(!existsSync(join(folder, 'interrupted.vhd')));
  await rm(runDir, { recursive: true });
});

test('after kill -9 nothing runs on, and the next command clears the rest away', async () => {
  const { child, runDir, processes } = await startBuild();
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok(await ended(processes), 'the machine outlived its build');
  assert.ok(existsSync(join(runDir, 'work')));
  const next = spawn(launcher, ['runs', 'list'], { env, stdio: 'ignore' });
  await once(next, 'exit');
  assert.ok(!existsSync(join(runDir, 'work')), 'work files are left');
  assert.equal(runState(runDir), 'Failed');
  assert.deepEqual(readdirSync(folder), ['template.json']);
  await rm(runDir, { recursive: true });
});
