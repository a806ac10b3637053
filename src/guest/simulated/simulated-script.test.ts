import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readScript } from './simulated-script.ts';

test('an exit code is the end of the script', () => {
  assert.deepEqual(readScript('#!/bin/sh -e\necho "hello there"\nexit 3\necho never\n'), [
    { kind: 'print', stream: 'out', line: 'hello there' },
    { kind: 'exit', code: 3 },
  ]);
  assert.deepEqual(readScript('exit').at(-1), { kind: 'exit', code: 0 });
  assert.deepEqual(readScript('false').at(-1), { kind: 'exit', code: 1 });
});

test('an exit that depends on something is not taken', () => {
  const script =
    'if [ -e /x ]; then\n  exit 1\nfi\nfail() {\n  exit 2\n}\nfor i in 1; do exit 4; done\nexit 7';
  assert.deepEqual(readScript(script).at(-1), { kind: 'exit', code: 7 });
});

test('what a shell would have to work out is shown and not run', () => {
  for (const line of ['apt-get install -y nginx', 'echo $HOME', 'echo hi > /etc/motd', 'exit $status']) {
    assert.deepEqual(readScript(line), [
      { kind: 'print', stream: 'out', line: `[simulated, not run] ${line}` },
    ]);
  }
});

test('waiting, printing to standard error, comments and here-documents', () => {
  assert.deepEqual(readScript('sleep 1.5\necho oops >&2\n# exit 9\ncat <<EOF > /tmp/x\nexit 5\nEOF\n'), [
    { kind: 'sleep', seconds: 1.5 },
    { kind: 'print', stream: 'err', line: 'oops' },
    { kind: 'print', stream: 'out', line: '[simulated, not run] cat <<EOF > /tmp/x' },
  ]);
});
