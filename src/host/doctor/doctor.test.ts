import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAtLeast, versionIn } from './check-programs.ts';
import { readSystem } from './doctor.ts';
import { hostNeeds } from './host-needs.ts';
import { installPlan, missingPackages, type DoctorReport } from './report.ts';
import { freeRangeStart, hasEnoughIds, parseIdRanges } from './subordinate-ids.ts';

test('the table names each package once, and each need can be checked', () => {
  const packages = hostNeeds.map((need) => need.package);
  assert.equal(new Set(packages).size, packages.length);
  for (const need of hostNeeds)
    assert.ok(need.programs.length > 0 || need.anyFile !== undefined, need.package);
});

test('versions are found in what programs print about themselves', () => {
  assert.equal(versionIn('QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)'), '7.2.22');
  assert.equal(versionIn('passt 0.0~git20230309.7c7625d-1'), '0.0~git20230309');
  assert.equal(versionIn('passt 2024_05_10.7288448'), '2024_05_10');
  assert.equal(versionIn('setpriv from util-linux 2.38.1'), '2.38.1');
  assert.equal(versionIn('passt unknown version'), undefined);
});

test('versions compare number by number, not letter by letter', () => {
  assert.equal(isAtLeast('10.0', '7.2'), true);
  assert.equal(isAtLeast('7.2.22', '7.2'), true);
  assert.equal(isAtLeast('7.2', '7.2.1'), false);
  assert.equal(isAtLeast('6.2.0', '7.2'), false);
});

test('a new range of subordinate ids overlaps no other, whatever their order', () => {
  assert.equal(freeRangeStart([]), 100_000);
  const taken = parseIdRanges('b:165536:65536\n# note\na:100000:65536\nbroken:x:1\n');
  assert.equal(taken.length, 2);
  assert.equal(freeRangeStart(taken), 231_072);
  assert.equal(
    freeRangeStart(parseIdRanges('far:900000:65536')),
    100_000,
    'a gap that is wide enough is used',
  );
  assert.equal(freeRangeStart(parseIdRanges('near:100500:10')), 100_510, 'a gap that is too narrow is not');
});

test('a user has enough ids by name or by number, but not in pieces', () => {
  const ranges = parseIdRanges(
    'alice:100000:65536\n1007:165536:65536\ncarol:300000:10\ncarol:400000:65526\n',
  );
  assert.equal(hasEnoughIds(ranges, ['alice', '1000']), true);
  assert.equal(hasEnoughIds(ranges, ['bob', '1007']), true);
  assert.equal(hasEnoughIds(ranges, ['carol', '1008']), false);
});

test('systems that descend from Debian are recognised, others are not', () => {
  assert.deepEqual(readSystem('ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'), {
    name: 'Debian GNU/Linux 12 (bookworm)',
    family: true,
  });
  assert.equal(readSystem('ID=linuxmint\nID_LIKE="ubuntu debian"\n').family, true);
  assert.equal(readSystem('ID="fedora"\n').family, false);
  assert.deepEqual(readSystem(''), { name: 'an unknown system', family: false });
});

test('the plan lists exactly what is missing, packages first and each once', () => {
  const report: DoctorReport = {
    ready: false,
    system: 'Debian',
    canInstall: true,
    items: [
      { id: 'user.build', title: '', state: 'missing', found: '', remedy: { kind: 'build-user' } },
      { id: 'a', title: '', state: 'missing', found: '', remedy: { kind: 'package', package: 'passt' } },
      { id: 'b', title: '', state: 'missing', found: '', remedy: { kind: 'package', package: 'ovmf' } },
      { id: 'c', title: '', state: 'missing', found: '', remedy: { kind: 'package', package: 'passt' } },
      { id: 'd', title: '', state: 'warning', found: '', remedy: { kind: 'manual', text: 'by hand' } },
    ],
  };
  assert.deepEqual(missingPackages(report), ['ovmf', 'passt']);
  assert.deepEqual(installPlan(report), [
    'install the packages ovmf passt',
    'create the system user goldsmith, which runs build VMs',
  ]);
});
