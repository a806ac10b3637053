/**
 * A machine's state as a file: QEMU's migration stream through a unix socket. Memory that lies in a memory file stays
 * there; the stream has the devices then, a few MiB. It holds secrets of the guest: the file is private to its owner.
 */
import { once } from 'node:events';
import { chmodSync, chownSync, createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { BuildUser } from '../../host/build-user.ts';
import { GoldsmithError } from '../../model/errors.ts';
import type { QmpClient } from './qmp.ts';

/**
 * Writes the state of a stopped machine to `path`, a new file. The machine stays stopped.
 * @throws GoldsmithError `CommandFailed` when QEMU cannot save, for example for want of disk space.
 */
export async function saveMachineState(
  monitor: QmpClient,
  path: string,
  user: BuildUser,
  signal: AbortSignal,
): Promise<void> {
  await using door = await openStateSocket(user);
  const finished = migrationEnd(monitor);
  await prepareMigration(monitor);
  await monitor.execute('migrate-set-parameters', { 'max-bandwidth': Number.MAX_SAFE_INTEGER });
  const connected = door.connection(signal);
  await monitor.execute('migrate', { uri: `unix:${door.path}` });
  const stream = await connected;
  await Promise.all([
    pipeline(stream, createWriteStream(path, { mode: 0o600, flags: 'wx' }), { signal }),
    finished,
  ]);
}

/** Feeds a saved state to a machine that was started with `-incoming defer`, then lets it run. */
export async function loadMachineState(
  monitor: QmpClient,
  path: string,
  user: BuildUser,
  signal: AbortSignal,
): Promise<void> {
  await using door = await openStateSocket(user);
  const finished = migrationEnd(monitor);
  await prepareMigration(monitor);
  // QEMU listens, we connect: the socket of the door is not used, only its private folder
  const address = join(door.folder, 'in');
  await monitor.execute('migrate-incoming', { uri: `unix:${address}` });
  const socket = connect(address);
  await once(socket, 'connect', { signal });
  // QEMU closes its end when it has read all, which can be before ours has ended: what counts is what QEMU says
  const fed = pipeline(createReadStream(path), socket, { signal });
  fed.catch(() => undefined);
  const lost = monitor.closed.then((reason) => {
    throw reason;
  });
  await Promise.race([finished, lost, whenAborted(signal)]);
  await monitor.execute('cont');
}

/** Shared memory (a memory file) is not part of the stream; QEMU checks on loading that its size is the same. */
async function prepareMigration(monitor: QmpClient): Promise<void> {
  await monitor.execute('migrate-set-capabilities', {
    capabilities: [
      { capability: 'events', state: true },
      { capability: 'x-ignore-shared', state: true },
    ],
  });
}

/** Rejects when `signal` fires. */
async function whenAborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void =>
    reject(new GoldsmithError('Cancelled', 'Waking the machine was cancelled', { cause: signal.reason }));
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  return promise;
}

async function migrationEnd(monitor: QmpClient): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = monitor.onEvent((event) => {
      if (event.name !== 'MIGRATION') return;
      const status = event.data['status'];
      if (status === 'completed') resolve();
      else if (status === 'failed')
        reject(new GoldsmithError('CommandFailed', 'QEMU could not save or load the machine'));
      else return;
      stop();
    });
  });
}

interface StateSocket extends AsyncDisposable {
  readonly folder: string;
  readonly path: string;
  connection(signal: AbortSignal): Promise<Socket>;
}

/** In the system's temporary folder, because socket paths may have 107 bytes at most. */
async function openStateSocket(user: BuildUser): Promise<StateSocket> {
  const folder = mkdtempSync(join(tmpdir(), 'goldsmith-'));
  const path = join(folder, 'out');
  const server = createServer();
  server.listen(path);
  await once(server, 'listening');
  if (user.dropsPrivileges) {
    chownSync(folder, user.uid, user.gid);
    chownSync(path, user.uid, user.gid);
  }
  chmodSync(folder, 0o700);
  return {
    folder,
    path,
    connection: (signal) => firstConnection(server, signal),
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => {
        server.close(resolve);
      });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function firstConnection(server: Server, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    server.once('connection', resolve);
    signal.addEventListener(
      'abort',
      () =>
        reject(new GoldsmithError('Cancelled', 'Saving the machine was cancelled', { cause: signal.reason })),
      { once: true },
    );
  });
}
