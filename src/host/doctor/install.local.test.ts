/** The installer against recorded stand-ins for apt-get, useradd and usermod, and the doctor on this machine. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isGoldsmithError } from '../../model/errors.ts';
import { openHome } from '../home.ts';
import { checkProgram } from './check-programs.ts';
import { runDoctor } from './doctor.ts';
import { hostNeeds } from './host-needs.ts';
import { installMissing } from './install.ts';
import type { DoctorReport, Remedy } from './report.ts';

const signal = AbortSignal.timeout(60_000);

function reportOf(remedies: readonly Remedy[], canInstall = true): DoctorReport {
  const items = remedies.map((remedy, index) => {
    return { id: String(index), title: '', state: 'missing', found: '', remedy } as const;
  });
  return { ready: false, items, system: 'Fedora Linux', canInstall };
}

/** Puts stand-ins first in PATH; each writes its name and arguments to the list that `use` can read. */
async function withStandIns(
  script: string,
  use: (calls: () => readonly string[]) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'goldsmith-install-'));
  const path = process.env['PATH'];
  try {
    const calls = join(folder, 'calls');
    for (const name of ['apt-get', 'useradd', 'usermod']) {
      writeStandIn(join(folder, name), `echo "${name} $*" >> '${calls}'\n${script}`);
    }
    writeStandIn(
      join(folder, 'sudo'),
      'while [ "$1" != -- ]; do shift; done; shift; exec "$@"', // an ordinary user goes through sudo
    );
    process.env['PATH'] = `${folder}:${path}`;
    await use(() => (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : []));
  } finally {
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true });
  }
}

function writeStandIn(path: string, body: string): void {
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
}

test('only the missing packages are installed, without questions and waiting for the package lock', async () => {
  await withStandIns('echo Setting up passt', async (calls) => {
    const lines: string[] = [];
    const report = reportOf([{ kind: 'package', package: 'passt' }]);
    await installMissing(report, { signal, onLine: (line) => lines.push(line) });
    assert.equal(calls().length, 1);
    assert.match(calls()[0] ?? '', /DPkg::Lock::Timeout=\d+ .*-y install --no-install-recommends passt$/);
    assert.deepEqual(lines, ['Installing passt...', '  Setting up passt']);
  });
});

test('when the first try fails the package lists are fetched and it is tried once more', async () => {
  const failOnce = 'case "$*" in *install*) [ -e "$0.failed" ] || { touch "$0.failed"; exit 100; };; esac';
  await withStandIns(failOnce, async (calls) => {
    await installMissing(reportOf([{ kind: 'package', package: 'ovmf' }]), { signal });
    assert.deepEqual(
      calls().map((call) => /-y (\S+)|(update)/.exec(call)?.[1]),
      ['install', 'update', 'install'],
    );
  });
});

test('an installation that keeps failing fails with the reason', async () => {
  await withStandIns('echo "E: Unable to locate package" >&2; exit 100', async () => {
    await assert.rejects(
      installMissing(reportOf([{ kind: 'package', package: 'ovmf' }]), { signal }),
      (error) => isGoldsmithError(error, 'CommandFailed') && /Unable to locate/.test(error.message),
    );
  });
});

test('a user without subordinate ids gets free ranges in both files', async () => {
  await withStandIns('', async (calls) => {
    const report = reportOf([{ kind: 'subordinate-ids', user: 'nobody-of-this-name' }]);
    await installMissing(report, { signal });
    assert.equal(calls().length, 2);
    assert.match(calls()[0] ?? '', /^usermod --add-subuids \d+-\d+ nobody-of-this-name$/);
    assert.match(calls()[1] ?? '', /^usermod --add-subgids \d+-\d+ nobody-of-this-name$/);
  });
});

test('the build user is a system user that cannot log in', async () => {
  await withStandIns('', async (calls) => {
    await installMissing(reportOf([{ kind: 'build-user' }]), { signal });
    assert.match(calls()[0] ?? '', /^useradd --system .*--shell \/usr\/sbin\/nologin goldsmith$/);
  });
});

test('nothing is touched when nothing is missing, or on a distribution that is not known', async () => {
  await withStandIns('', async (calls) => {
    await installMissing(reportOf([{ kind: 'manual', text: 'by hand' }]), { signal });
    await assert.rejects(
      installMissing(reportOf([{ kind: 'package', package: 'mtools' }], false), { signal }),
      (error) =>
        isGoldsmithError(error, 'HostNotReady') && error.hint === 'Install what provides: mcopy, mmd.',
    );
    assert.deepEqual(calls(), []);
  });
});

test('a program that is not there, or too old, is missing; one that is there is ok', async () => {
  const unknown = { package: 'x', purpose: 'y', programs: ['goldsmith-no-such-program'] };
  const absent = await checkProgram(unknown, signal);
  assert.equal(absent.state, 'missing');
  assert.deepEqual(absent.remedy, { kind: 'package', package: 'x' });
  const setpriv = { package: 'util-linux', purpose: 'y', programs: ['setpriv'] };
  const version = { args: ['--version'], atLeast: '999' };
  assert.equal((await checkProgram(setpriv, signal)).state, 'ok');
  const old = await checkProgram({ ...setpriv, version }, signal);
  assert.equal(old.state, 'missing');
  assert.equal(old.remedy?.kind, 'manual');
});

test('the doctor has a finding for each need and is ready exactly when nothing is missing', async () => {
  const root = mkdtempSync(join(tmpdir(), 'goldsmith-doctor-'));
  try {
    const report = await runDoctor({ home: openHome({ GOLDSMITH_HOME: root }), signal });
    const ids = new Set(report.items.map(({ id }) => id));
    for (const need of hostNeeds) assert.ok(ids.has(`program.${need.package}`), need.package);
    for (const id of ['node', 'user.build', 'cpus', 'memory', 'disk']) assert.ok(ids.has(id), id);
    assert.equal(
      report.ready,
      report.items.every(({ state }) => state !== 'missing'),
    );
    for (const { id, found } of report.items) assert.notEqual(found, '', id);
  } finally {
    rmSync(root, { recursive: true });
  }
});
