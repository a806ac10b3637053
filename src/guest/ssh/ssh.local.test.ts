import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { isGoldsmithError } from '../../model/errors.ts';
import { UploadRefused, type ExecOptions, type GuestShell } from '../guest-shell.ts';
import { connectionFailureOf } from './connection-failure.ts';
import { generateSshKeyPair } from './key-pair.ts';
import { startLocalSshd, type LocalSshd } from './local-sshd.ts';

let sshd: LocalSshd;
let shell: GuestShell;

before(async () => {
  sshd = await startLocalSshd();
  shell = await sshd.connect();
});
after(async () => {
  await shell.close();
  await sshd[Symbol.asyncDispose]();
});

const patience = (): AbortSignal => AbortSignal.timeout(60_000);

async function run(command: string, options: Partial<ExecOptions> = {}, on: GuestShell = shell) {
  const output: Record<'out' | 'err', Buffer[]> = { out: [], err: [] };
  const result = await on.exec(command, {
    signal: patience(),
    onOutput: (stream, chunk) => void output[stream].push(Buffer.from(chunk)),
    ...options,
  });
  return { ...result, out: Buffer.concat(output.out), err: Buffer.concat(output.err) };
}

const isAlive = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

test('a command gives its output on two streams and its exit code', async () => {
  const result = await run('echo "it\'s out"; echo err >&2; exit 7');
  assert.equal(result.exitCode, 7);
  assert.equal(result.out.toString(), "it's out\n");
  assert.equal(result.err.toString(), 'err\n');
});

test('the standard input of a command is empty unless one is given', async () => {
  assert.equal((await run('cat; echo done')).out.toString(), 'done\n');
  assert.equal((await run('cat', { stdin: 'hello' })).out.toString(), 'hello');
});

test('binary output arrives unchanged', async () => {
  const bytes = randomBytes(300_000);
  const path = join(sshd.folder, 'binary');
  writeFileSync(path, bytes);
  const result = await run(`cat ${path}`);
  assert.ok(result.out.equals(bytes));
});

test('a command killed by a signal reports 128 plus the signal', async () => {
  assert.equal((await run('sh -c "kill -9 \\$\\$"')).exitCode, 137);
});

test('a wrapper killed from inside is the end of the command and not of the connection', async () => {
  const result = await run('echo before; kill -9 $$; sleep 100');
  assert.equal(result.signalName, 'KILL');
  assert.equal(result.out.toString(), 'before\n');
  assert.equal((await run('true')).exitCode, 0);
});

test('a daemon that keeps the output open does not keep the caller', async () => {
  const pidFile = join(sshd.folder, 'daemon.pid');
  const result = await run(`sleep 300 & echo $! > ${pidFile}; echo started`);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  try {
    assert.equal(result.exitCode, 0);
    assert.equal(result.out.toString(), 'started\n');
    assert.ok(isAlive(pid), 'the daemon lives on');
  } finally {
    process.kill(pid, 'SIGKILL');
  }
});

test('a flood of output is held back by a slow reader and arrives whole', async () => {
  const totalBytes = 24 * 1024 * 1024;
  let seen = 0;
  let inside = 0;
  let overlapped = 0;
  const result = await shell.exec(`head -c ${totalBytes} /dev/zero`, {
    signal: patience(),
    onOutput: async (_, chunk) => {
      inside += 1;
      if (inside > 1) overlapped += 1;
      seen += chunk.length;
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    },
  });
  assert.equal(result.exitCode, 0);
  assert.equal(seen, totalBytes);
  assert.equal(overlapped, 0);
});

test('aborting kills the whole tree, also what left the session', async () => {
  const pids = join(sshd.folder, 'tree.pids');
  const abort = new AbortController();
  const running = shell.exec(
    `echo $$ > ${pids}; sh -c 'echo $$ >> ${pids}; sleep 301 & echo $! >> ${pids}; echo up; wait' & setsid -w sh -c 'echo $$ >> ${pids}; sleep 302 & echo $! >> ${pids}; echo up; wait'`,
    { signal: abort.signal, onOutput: (_, chunk) => onUp(chunk) },
  );
  let ups = 0;
  function onUp(chunk: Buffer): void {
    ups += chunk.toString().split('up\n').length - 1;
    if (ups === 2) abort.abort();
  }
  await assert.rejects(running, (error) => isGoldsmithError(error, 'Cancelled'));
  const all = readFileSync(pids, 'utf8').trim().split('\n').map(Number);
  assert.equal(all.length, 5);
  assert.deepEqual(all.filter(isAlive), []);
  assert.equal((await run('echo still here')).out.toString(), 'still here\n');
});

test('an abort before the start runs nothing', async () => {
  const path = join(sshd.folder, 'never');
  await assert.rejects(shell.exec(`touch ${path}`, { signal: AbortSignal.abort() }), (error) =>
    isGoldsmithError(error, 'Cancelled'),
  );
  assert.equal(existsSync(path), false);
});

test('a failing output callback fails the call and ends the command', async () => {
  await assert.rejects(
    shell.exec('echo x; sleep 303', {
      signal: patience(),
      onOutput: () => {
        throw new Error('log is full');
      },
    }),
    /log is full/,
  );
});

test('losing the connection under a command is told as such', async () => {
  const other = await sshd.connect();
  const running = other.exec('kill -9 $PPID; sleep 1', { signal: patience() });
  await assert.rejects(running, (error) => connectionFailureOf(error) === 'ConnectionLost');
  await other.closed;
  await assert.rejects(other.exec('true', { signal: patience() }), (error) =>
    isGoldsmithError(error, 'GuestUnreachable'),
  );
});

test('a key that is not authorized is refused, which is not a lost connection', async () => {
  await assert.rejects(
    sshd.connect({ privateKey: generateSshKeyPair().privateKey }),
    (error) => connectionFailureOf(error) === 'LoginRefused',
  );
});

test('a stream that ends before the banner is a lost connection', async () => {
  const stream = new PassThrough();
  const connecting = sshd.connect({ stream });
  stream.end();
  await assert.rejects(connecting, (error) => connectionFailureOf(error) === 'ConnectionLost');
});

test('waiting for a banner that never comes can be cancelled', async () => {
  const abort = new AbortController();
  const connecting = sshd.connect({ stream: new SilentStream(), signal: abort.signal });
  setImmediate(() => abort.abort());
  await assert.rejects(connecting, (error) => isGoldsmithError(error, 'Cancelled'));
});

test('a guest that stops answering is given up after its keepalives', async () => {
  const other = await sshd.connect({ keepalive: { intervalMs: 50, misses: 2 } });
  const running = other.exec('kill -STOP $PPID; sleep 1', { signal: patience() });
  await assert.rejects(running, (error) => connectionFailureOf(error) === 'NoAnswer');
});

test('64 MiB go straight to their destination, unchanged, with their mode', async () => {
  const source = join(sshd.folder, 'big');
  const bytes = Buffer.alloc(64 * 1024 * 1024, randomBytes(65_536));
  writeFileSync(source, bytes);
  const destination = join(sshd.folder, "it's big");
  let progress = 0;
  await shell.upload(createReadStream(source), {
    destination,
    asRoot: shell.userName === 'root',
    mode: 0o640,
    sizeBytes: bytes.length,
    onProgress: (doneBytes) => (progress = doneBytes),
    signal: patience(),
  });
  assert.equal(progress, bytes.length);
  assert.equal(statSync(destination).mode & 0o777, 0o640);
  assert.equal(hash(readFileSync(destination)), hash(bytes));
});

test('an upload holds its source back while the guest does not read', async () => {
  let produced = 0;
  const source = new Readable({
    highWaterMark: 65_536,
    read() {
      produced += 65_536;
      this.push(Buffer.alloc(65_536));
    },
  });
  const abort = new AbortController();
  // A FIFO without a reader: the guest's cat never gets to write.
  const fifo = join(sshd.folder, 'fifo');
  await run(`mkfifo ${fifo}`);
  const uploading = shell.upload(source, {
    destination: fifo,
    asRoot: false,
    mode: 0o600,
    signal: abort.signal,
  });
  let before = -1;
  while (before !== produced) {
    before = produced;
    await run('true');
  }
  assert.ok(produced < 16 * 1024 * 1024, `${produced} bytes were taken`);
  abort.abort();
  await assert.rejects(uploading, (error) => isGoldsmithError(error, 'Cancelled'));
});

test('a missing folder, a folder in the way and a full disk are told by name', async () => {
  mkdirSync(join(sshd.folder, 'taken'));
  const upload = async (destination: string): Promise<void> =>
    shell.upload(Readable.from([Buffer.alloc(3_000_000)]), {
      destination,
      asRoot: false,
      mode: 0o644,
      signal: patience(),
    });
  const refused = (pattern: RegExp) => (error: unknown) =>
    error instanceof UploadRefused && pattern.test(error.message);
  await assert.rejects(
    upload(`${sshd.folder}/no/such/file`),
    refused(/the folder .*\/no\/such does not exist/),
  );
  await assert.rejects(upload(`${sshd.folder}/taken`), refused(/taken is a folder/));
  await assert.rejects(upload('/dev/full'), refused(/is full: \/dev\/full/));
  await assert.rejects(upload('relative'), refused(/not an absolute path/));
});

test('a source that fails or is too short fails the upload', async () => {
  const options = { destination: join(sshd.folder, 'short'), asRoot: false, mode: 0o644, signal: patience() };
  await assert.rejects(
    shell.upload(Readable.from([Buffer.alloc(5)]), { ...options, sizeBytes: 6 }),
    /5 bytes/,
  );
  const broken = new Readable({ read: () => broken.destroy(new Error('source broke')) });
  await assert.rejects(shell.upload(broken, options), /source broke/);
});

class SilentStream extends PassThrough {
  override _transform(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
