/** The program as a shell sees it: real processes, real pipes. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCommand, startProcess } from '../host/command.ts';
import { scriptedRecord } from './testing/scripted-run.ts';
import { smallTemplate, writeTemplate } from './testing/templates.ts';

const folder = mkdtempSync(join(tmpdir(), 'goldsmith-cli-'));
const home = join(folder, 'home');
const main = join(import.meta.dirname, 'main.ts');
after(() => rmSync(folder, { recursive: true }));
const template = writeTemplate(folder, 'web.json', smallTemplate);

test('validate succeeds on a good template', async () => {
  const { exitCode, stdout } = await goldsmith(['validate', template]);
  assert.equal(exitCode, 0);
  assert.match(stdout, /is valid/);
});

test('validate - reads standard input, and --json is exactly one document', async () => {
  const { exitCode, stdout, stderr } = await goldsmith(['validate', '-', '--json'], '{"location": 7, ');
  assert.equal(exitCode, 3);
  assert.equal(stderr, '');
  const document: unknown = JSON.parse(stdout);
  assert.ok(
    typeof document === 'object' && document !== null && 'valid' in document && document.valid === false,
  );
});

test('usage errors exit 2 and print nothing on standard output', async () => {
  const { exitCode, stdout, stderr } = await goldsmith(['validat', template]);
  assert.equal(exitCode, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /Did you mean validate\?/);
});

test('errors show no stack trace unless GOLDSMITH_DEBUG is set', async () => {
  const plain = await goldsmith(['runs', 'show', 'nope']);
  assert.equal(plain.exitCode, 2);
  assert.doesNotMatch(plain.stderr, /\n +at /);
  const debug = await goldsmith(['runs', 'show', 'nope'], undefined, { GOLDSMITH_DEBUG: '1' });
  assert.match(debug.stderr, /\n +at /);
});

test('the log of a run is printed without the escape sequences that a guest put into it', async () => {
  addRun('run-a', 'one\n\u001B]0;title\u0007two\n');
  const { stdout, exitCode } = await goldsmith(['runs', 'logs', 'run-a']);
  assert.equal(exitCode, 0);
  assert.equal(stdout, 'one\ntwo\n');
});

test('a reader that closes the pipe early is no crash', async () => {
  addRun('run-long', 'a line of the log\n'.repeat(200_000));
  const child = startProcess([process.execPath, main, 'runs', 'logs', 'run-long'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { GOLDSMITH_HOME: home },
  });
  const errors: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk));
  child.stdout?.once('data', () => child.stdout?.destroy());
  const [exitCode] = await once(child, 'close');
  assert.equal(exitCode, 0);
  assert.equal(Buffer.concat(errors).toString(), '');
});

test('runs list reads the records of this machine and a damaged one hides no other', async () => {
  addRun('run-b', '');
  mkdirSync(join(home, 'runs', 'damaged'), { recursive: true });
  writeFileSync(join(home, 'runs', 'damaged', 'run.json'), '{"runId":');
  const { stdout, exitCode } = await goldsmith(['runs', 'list', '--json']);
  assert.equal(exitCode, 0);
  assert.ok(stdout.includes('"run-b"'));
});

function addRun(runId: string, log: string): void {
  const run = join(home, 'runs', runId);
  mkdirSync(run, { recursive: true });
  const logPath = join(run, 'customization.log');
  writeFileSync(logPath, log);
  writeFileSync(join(run, 'run.json'), JSON.stringify(scriptedRecord({ runId, logPath })));
}

async function goldsmith(
  args: readonly string[],
  input?: string,
  env: Readonly<Record<string, string>> = {},
) {
  return runCommand([process.execPath, main, ...args], {
    okExitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 8, 130],
    env: { GOLDSMITH_HOME: home, ...env },
    ...(input === undefined ? {} : { input }),
  });
}
