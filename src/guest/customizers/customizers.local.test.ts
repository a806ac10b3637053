import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { GoldsmithError, isGoldsmithError } from '../../model/errors.ts';
import type { Customizer } from '../../model/image-template.ts';
import type { Artifact } from '../artifacts/fetch-artifacts.ts';
import type { GuestShell } from '../guest-shell.ts';
import { OutputBudget } from '../output/guest-log.ts';
import { startLocalSshd, type LocalSshd } from '../ssh/local-sshd.ts';
import { runCustomizer } from './customizers.ts';
import type { PartContext } from './context.ts';

let sshd: LocalSshd;
let shell: GuestShell;
const artifacts = new Map<string, Artifact>();
let lines: string[] = [];

before(async () => {
  sshd = await startLocalSshd();
  shell = await sshd.connect();
});
after(async () => {
  await shell.close();
  await sshd[Symbol.asyncDispose]();
});

function context(overrides: Partial<PartContext> = {}): PartContext {
  lines = [];
  return {
    role: 'customizer',
    index: 1,
    shell,
    artifacts,
    onLine: (stream, line) => lines.push(`${stream}: ${line}`),
    budget: new OutputBudget(),
    signal: AbortSignal.timeout(60_000),
    ...overrides,
  };
}

const inline = (...script: string[]): Customizer => ({
  type: 'Shell',
  name: 'setup',
  script: { from: 'inline', lines: script },
});

function artifact(name: string, content: string | Buffer): string {
  const localPath = join(sshd.folder, `artifact-${name}`);
  const bytes = Buffer.from(content);
  writeFileSync(localPath, bytes);
  artifacts.set(name, {
    localPath,
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  });
  return name;
}
const fromUri = (uri: string): Customizer => ({
  type: 'Shell',
  name: undefined,
  script: { from: 'uri', uri, sha256: undefined },
});
const fileTo = (sourceUri: string, destination: string): Customizer => ({
  type: 'File',
  name: undefined,
  sourceUri,
  sha256: undefined,
  destination,
});
const leftovers = (): string[] => readdirSync('/tmp').filter((name) => /^goldsmith-[0-9a-f]{16}$/.test(name));

test('inline lines are one script with an empty standard input', async () => {
  await runCustomizer(
    inline('name=world', 'read answer || echo "no answer"', 'echo "hello $name" >&2'),
    context(),
  );
  assert.deepEqual(lines.sort(), ['err: hello world', 'out: no answer']);
});

test('the first failing line ends the script, and the error says where and shows the last output', async () => {
  const error = await caught(runCustomizer(inline('echo one', 'ls /nowhere', 'echo never'), context()));
  assert.equal(error.code, 'CustomizerFailed');
  assert.match(
    error.message,
    /^Customizer 2 \(Shell "setup"\) ended with exit code 2\. Its last output was:\n/,
  );
  assert.match(error.message, /one\n.*\/nowhere/s);
  assert.doesNotMatch(error.message, /never/);
  assert.equal(error.details[0]?.target, '$.properties.customize[1]');
  assert.deepEqual(leftovers(), []);
});

test('only the last lines of a flood are in the error, and links in them lose their credentials', async () => {
  const error = await caught(
    runCustomizer(
      inline('seq 1 100000', 'echo "got https://h/x?sig=secret"', 'exit 3'),
      context({ budget: new OutputBudget(5000) }),
    ),
  );
  assert.ok(error.message.split('\n').length <= 21);
  assert.match(error.message, /100000\ngot https:\/\/h\/x\?sig=\*\*\*$/);
  assert.equal(lines.filter((line) => line.includes('output limit')).length, 1);
});

test('a fetched script runs under its own interpreter and is removed', async () => {
  await runCustomizer(
    fromUri(artifact('bash', '#!/bin/bash\n[[ -n $BASH_VERSION ]] && echo "bash as $(id -un)"; echo "$0"\n')),
    context(),
  );
  assert.equal(lines[0], 'out: bash as root');
  const path = (lines[1] ?? '').replace('out: ', '');
  assert.match(path, /^\/tmp\/goldsmith-/);
  assert.equal(existsSync(path), false);
});

test('a script with Windows line endings fails with a hint that says so', async () => {
  const error = await caught(
    runCustomizer(fromUri(artifact('crlf', '#!/bin/bash\r\necho hi\r\n')), context()),
  );
  assert.match(error.message, /exit code 127/);
  assert.match(error.hint ?? '', /Windows line endings/);
});

test('a compiled program runs as it is', async () => {
  await runCustomizer(fromUri(artifact('true', readFileSync('/bin/true'))), context());
});

test('what a script leaves in the background does not keep the build', async () => {
  const pidFile = join(sshd.folder, 'background.pid');
  await runCustomizer(inline(`sleep 310 & echo $! > ${pidFile}`, 'echo started'), context());
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  assert.deepEqual(lines, ['out: started']);
});

test('a script that breaks its connection fails with a hint', async () => {
  const other = await sshd.connect();
  // The script's parents are the wrapper and, above it, the connection's server.
  const error = await caught(
    runCustomizer(
      inline(
        'echo going',
        'top=$(cut -d" " -f4 /proc/$PPID/stat)',
        'kill -9 $(cut -d" " -f4 /proc/$top/stat)',
        'sleep 1',
      ),
      context({ shell: other }),
    ),
  );
  assert.equal(error.code, 'CustomizerFailed');
  assert.match(error.message, /lost the connection to the build VM while it ran/);
  assert.match(error.hint ?? '', /must not restart/);
  for (const name of leftovers())
    await shell.exec(`rm -rf /tmp/${name}`, { signal: AbortSignal.timeout(10_000) });
});

test('a cancelled script is killed and its file removed', async () => {
  const abort = new AbortController();
  const running = runCustomizer(
    inline('echo up', 'sleep 311'),
    context({ signal: abort.signal, onLine: () => abort.abort() }),
  );
  await assert.rejects(running, (error) => isGoldsmithError(error, 'Cancelled'));
  assert.deepEqual(leftovers(), []);
});

test('a file goes to its destination, and what is in the way is named', async () => {
  const uri = artifact('file', 'content');
  const progress: number[] = [];
  const destination = join(sshd.folder, 'sub', '..', 'placed file');
  mkdirSync(join(sshd.folder, 'sub'));
  await runCustomizer(
    fileTo(uri, destination),
    context({ onProgress: (done, total) => progress.push(done, total) }),
  );
  assert.equal(readFileSync(join(sshd.folder, 'placed file'), 'utf8'), 'content');
  assert.deepEqual(progress, [7, 7]);
  const missing = await caught(runCustomizer(fileTo(uri, '/no/such/folder/x'), context()));
  assert.match(
    missing.message,
    /^Customizer 2 \(File\) failed: the folder \/no\/such\/folder does not exist/,
  );
  const folder = await caught(runCustomizer(fileTo(uri, '/tmp/'), context()));
  assert.match(folder.message, /\/tmp\/ is a folder/);
});

test('a validator fails as a validator', async () => {
  const part = inline('exit 4');
  const error = await caught(runCustomizer(part, context({ role: 'validator', index: 0 })));
  assert.equal(error.code, 'ValidationFailed');
  assert.match(error.message, /^Validator 1 \(Shell "setup"\) ended with exit code 4/);
  assert.equal(error.details[0]?.target, '$.properties.validate.inVMValidations[0]');
});

test('a kind for Windows is refused, not imitated', async () => {
  const update: Customizer = {
    type: 'WindowsUpdate',
    name: undefined,
    searchCriteria: '',
    filters: [],
    updateLimit: 1,
  };
  const error = await caught(runCustomizer(update, context()));
  assert.equal(error.code, 'BadTemplate');
  assert.match(error.message, /needs a Windows source; Windows build VMs are not supported yet/);
});

async function caught(promise: Promise<unknown>): Promise<GoldsmithError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof GoldsmithError, String(error));
    return error;
  }
  throw new Error('nothing was thrown');
}
