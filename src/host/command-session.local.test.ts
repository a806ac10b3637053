import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { runCommand } from './command.ts';

test('a program has a session of its own, so that Ctrl-C on the terminal does not reach it', async () => {
  const { stdout } = await runCommand(['cat', '/proc/self/stat']);
  assert.notEqual(sessionOf(stdout), sessionOf(readFileSync('/proc/self/stat', 'utf8')));
});

test('a program that asks the person something stays on the terminal', async () => {
  const { stdout } = await runCommand(['cat', '/proc/self/stat'], { usesTerminal: true });
  assert.equal(sessionOf(stdout), sessionOf(readFileSync('/proc/self/stat', 'utf8')));
});

/** Field 6 of proc(5)'s stat: the session id. The name in brackets has no spaces for these programs. */
function sessionOf(stat: string): string | undefined {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3];
}
