import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openJournal, readJournal, readOwner } from './journal.ts';
import { identifyProcess, isAlive, ownIdentity } from './process-identity.ts';

function withRunDir(use: (runDir: string) => void): void {
  const root = mkdtempSync(join(tmpdir(), 'goldsmith-journal-'));
  try {
    use(join(root, 'run-1'));
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('a resource is on disk the moment record returns, and gone from the list once released', () => {
  withRunDir((runDir) => {
    const journal = openJournal(runDir);
    const disk = journal.record({ kind: 'file', path: '/tmp/a.raw' });
    const machine = journal.record({ kind: 'process', name: 'qemu' });
    journal.started(machine, process.pid);
    assert.deepEqual(readJournal(runDir), [
      { id: disk, resource: { kind: 'file', path: '/tmp/a.raw' } },
      { id: machine, resource: { kind: 'process', name: 'qemu' }, process: ownIdentity() },
    ]);
    journal.release(disk);
    journal.release(disk);
    journal.release(machine);
    assert.deepEqual(readJournal(runDir), []);
    journal.close('ended');
  });
});

test('a line that a crash cut short costs neither the lines before it nor those after it', () => {
  withRunDir((runDir) => {
    openJournal(runDir).record({ kind: 'folder', path: '/tmp/one' });
    appendFileSync(join(runDir, 'journal.jsonl'), '{"op":"record","id":"2","resource":{"ki');
    const again = openJournal(runDir);
    again.record({ kind: 'folder', path: '/tmp/two' });
    const paths = readJournal(runDir).map(({ resource }) => 'path' in resource && resource.path);
    assert.deepEqual(paths, ['/tmp/one', '/tmp/two']);
    again.close('kept');
  });
});

test('a torn first line does not swallow the next record either', () => {
  withRunDir((runDir) => {
    openJournal(runDir).close('ended');
    appendFileSync(join(runDir, 'journal.jsonl'), '{"op":"rec');
    const again = openJournal(runDir);
    again.record({ kind: 'file', path: '/tmp/x' });
    assert.equal(readJournal(runDir).length, 1);
    again.close('ended');
  });
});

test('the owner file names this process until the run is closed, with the state it was closed in', () => {
  withRunDir((runDir) => {
    const journal = openJournal(runDir);
    assert.deepEqual(readOwner(runDir), { state: 'active', owner: ownIdentity() });
    journal.close('kept');
    journal.close('ended');
    assert.equal(readOwner(runDir)?.state, 'kept', 'the first close counts');
  });
});

test('a relative path is refused, because another process would resolve it elsewhere', () => {
  withRunDir((runDir) => {
    const journal = openJournal(runDir);
    assert.throws(() => journal.record({ kind: 'file', path: 'a.raw' }), /must be absolute/);
    assert.equal(readFileSync(join(runDir, 'journal.jsonl'), 'utf8'), '');
    journal.close('ended');
  });
});

test('a process number that was reused is not the process that had it before', () => {
  const self = ownIdentity();
  assert.equal(isAlive(self), true);
  assert.equal(isAlive({ ...self, startTicks: '1' }), false);
  assert.equal(isAlive({ ...self, bootId: 'an earlier boot' }), false);
  assert.equal(identifyProcess(2 ** 30), undefined);
});
