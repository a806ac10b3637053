/** A PostgreSQL server that lives as long as a test: its own cluster in a temporary folder, on a Unix socket. */
import { once } from 'node:events';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { asBuildUser, currentBuildUser, giveToBuildUser } from '../../host/build-user.ts';
import { endProcess, runCommand, startProcess } from '../../host/command.ts';
import { findProgram } from '../../host/program-path.ts';

export interface TestPostgres extends AsyncDisposable {
  readonly url: string;
}

/** The folder of PostgreSQL's programs, the newest version; undefined when it is not installed. */
export function postgresPrograms(): string | undefined {
  const debian = globSync('/usr/lib/postgresql/*/bin/postgres').toSorted((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  );
  const program = debian.at(-1) ?? findProgram('postgres');
  return program === undefined ? undefined : dirname(program);
}

/** Starts a server; PostgreSQL refuses to run as root, so root's tests run it as the build user. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const programs = postgresPrograms();
  if (programs === undefined) throw new Error('PostgreSQL is not installed (apt-get install postgresql)');
  const user = currentBuildUser();
  const folder = mkdtempSync(join(tmpdir(), 'goldsmith-postgres-'));
  giveToBuildUser(user, folder);
  const data = join(folder, 'data');
  await runCommand(
    asBuildUser(user, [
      join(programs, 'initdb'),
      ...['-D', data, '-U', 'goldsmith', '--auth=trust', '--encoding=UTF8'],
      // Sorts unlike bytes, as most servers do: what depends on the order of bytes must say so itself.
      ...['--locale-provider=icu', '--icu-locale=en-US', '--locale=C.UTF-8', '--no-sync'],
    ]),
    { cwd: '/', timeoutMs: 60_000 },
  );
  const server = startProcess(
    asBuildUser(user, [
      join(programs, 'postgres'),
      ...['-D', data, '-k', folder],
      ...['-c', 'listen_addresses=', '-c', 'fsync=off', '-c', 'max_connections=50'],
    ]),
    { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' },
  );
  const ready = Promise.withResolvers<void>();
  const said: string[] = [];
  if (server.stderr === null) throw new Error('the server has no pipe');
  createInterface(server.stderr).on('line', (line) => {
    said.push(line);
    if (line.includes('ready to accept connections')) ready.resolve();
  });
  server.once('exit', () => ready.reject(new Error(`PostgreSQL did not start: ${said.join('\n')}`)));
  await ready.promise;
  return {
    url: `postgres://goldsmith@localhost/postgres?host=${encodeURIComponent(folder)}`,
    async [Symbol.asyncDispose]() {
      if (server.exitCode === null && server.signalCode === null) {
        const gone = once(server, 'exit');
        server.kill('SIGINT'); // "fast shutdown": does not wait for clients
        const timer = setTimeout(() => void endProcess(server), 5000);
        await gone;
        clearTimeout(timer);
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
