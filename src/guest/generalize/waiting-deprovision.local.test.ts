import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { endProcess, hasEnded, runCommand, startProcess } from '../../host/command.ts';
import { ASK_WAITING_DEPROVISION, ROOT_PATH, WAITING_DEPROVISION } from './waiting-deprovision.ts';

/** What the wake agent's program has before this part; and a file tells when it begins to wait, with all loaded. */
const PRELUDE = `
import os, sys, ctypes
read = os.read
def tell_and_read(fd, size):
    put('/run/goldsmith/loaded', b'')
    return read(fd, size)
os.read = tell_and_read
libc = ctypes.CDLL(None, use_errno=True)
def get(path, default=None):
    with open(path, 'rb') as file: return file.read()
def put(path, data):
    with open(path, 'wb') as file: file.write(data)
`;

const { stdout: python } = await runCommand(['python3', '-c', 'import sys; print(sys.executable, end="")']);

const AGENT = `#!${python}
import sys
print('deprovisioning', *sys.argv[1:])
print('and complaining', file=sys.stderr)
sys.exit(3)
`;

interface Guest {
  readonly agent: string;
  /** Whether a process waits. */
  readonly waits: boolean;
  readonly ended: Promise<unknown>;
  /** What the shell's side prints and returns; 1 when nobody could be asked. */
  readonly ask: (meanwhile?: string) => Promise<{ readonly exitCode: number; readonly stdout: string }>;
}

/** A folder stands for /run/goldsmith and for the folders of programs. */
async function withGuest(agentText: string, use: (guest: Guest) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'goldsmith-waiting-'));
  const local = (text: string): string =>
    text.replaceAll('/run/goldsmith', folder).replaceAll(ROOT_PATH, `${folder}:${process.env['PATH']}`);
  const agent = join(folder, 'waagent');
  writeFileSync(agent, agentText, { mode: 0o755 });
  const program = local(
    `${PRELUDE}${WAITING_DEPROVISION}\nwait_to_deprovision(os.open(os.devnull, os.O_RDONLY))\n`,
  );
  const child = startProcess([python, '-I', '-S', '-c', program], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  try {
    const loaded = join(folder, 'loaded');
    while (!existsSync(loaded) && !hasEnded(child)) await wait(10);
    await use({
      ...{ agent, ended },
      waits: !hasEnded(child),
      ask: async (meanwhile = '') => {
        const script = [
          local(ASK_WAITING_DEPROVISION),
          'ask_waiting "$1" tag || exit 1',
          meanwhile,
          'hear_waiting tag',
        ];
        const argv = ['sh', '-c', script.join('\n'), 'sh', agent];
        return runCommand(argv, { okExitCodes: [0, 1, 3, 255], timeoutMs: 30_000 });
      },
    });
  } finally {
    await endProcess(child, 0);
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

test('the waiting process runs the agent once, and the shell gets its words and its exit code', async () => {
  await withGuest(AGENT, async ({ waits, ended, ask }) => {
    assert.equal(waits, true);
    const { exitCode, stdout } = await ask();
    assert.equal(exitCode, 3);
    assert.deepEqual(stdout.trim().split('\n').toSorted(), [
      'and complaining',
      'deprovisioning -force -deprovision+user',
    ]);
    await ended;
    assert.equal((await ask()).exitCode, 1);
  });
});

test('words and exit code are heard also when the agent has ended long before', async () => {
  await withGuest(AGENT, async ({ ended, ask }) => {
    const { exitCode, stdout } = await ask('while [ -d /proc/$waiting ]; do sleep 0.01; done');
    await ended;
    assert.equal(exitCode, 3);
    assert.match(stdout, /deprovisioning -force/);
  });
});

test('an agent that was changed while its process waited is not run by it', async () => {
  await withGuest(AGENT, async ({ agent, ask }) => {
    writeFileSync(agent, AGENT.replace('deprovisioning', 'doing better'));
    assert.deepEqual({ ...(await ask()), stderr: '' }, { exitCode: 255, stdout: '', stderr: '' });
  });
});

test('nobody waits for an agent that is no program of this Python', async () => {
  await withGuest('#!/bin/sh\necho no\n', async ({ waits, ask }) => {
    assert.equal(waits, false);
    assert.equal((await ask()).exitCode, 1);
  });
});
