/**
 * The table below is the architecture of the product, held against every import. A new room or a new
 * arrow changes it in the open. Rooms are folders under src/; floors go from the ground up.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

const rooms: Readonly<Record<string, readonly string[]>> = {
  model: [],
  arm: ['model'],
  host: ['model'],
  disk: ['model', 'host'],
  images: ['model', 'host', 'disk'],
  vm: ['model', 'host', 'disk'],
  guest: ['model', 'host', 'vm'],
  distribute: ['model', 'host', 'disk', 'images'],
  build: ['model', 'host', 'disk', 'images', 'vm', 'guest', 'distribute'],
  store: ['model', 'host'],
  identity: ['model', 'host', 'store'],
  runs: ['model', 'host', 'disk', 'images', 'vm', 'guest', 'distribute', 'build', 'store'],
  providers: [
    ...['model', 'arm', 'host', 'disk', 'images', 'vm', 'guest', 'distribute', 'build', 'store', 'identity'],
    'runs',
  ],
  server: [
    ...['model', 'arm', 'host', 'disk', 'images', 'vm', 'guest', 'distribute', 'build', 'store', 'identity'],
    ...['runs', 'providers'],
  ],
  cli: [
    ...['model', 'arm', 'host', 'disk', 'images', 'vm', 'guest', 'distribute', 'build', 'store', 'identity'],
    ...['runs', 'providers', 'server'],
  ],
};

const src = import.meta.dirname;

test('every import goes to a room that the table allows', () => {
  const problems: string[] = [];
  for (const { file, target } of imports()) {
    const from = roomOf(file);
    const to = roomOf(target);
    if (from === to || from === 'tests') continue;
    const allowed = rooms[from];
    if (allowed === undefined) problems.push(`${file}: room "${from}" is not in the table`);
    else if (!allowed.includes(to)) problems.push(`${file} imports ${target}: ${from} may not use ${to}`);
  }
  assert.deepEqual(problems, []);
});

test('the model room does no input or output', () => {
  const offenders = globSync('model/**/*.ts', { cwd: src })
    .filter((file) => !file.endsWith('.test.ts'))
    .filter((file) => /from '(node:|[a-z@])/.test(readFileSync(join(src, file), 'utf8')));
  assert.deepEqual(offenders, []);
});

function imports(): { file: string; target: string }[] {
  return globSync('**/*.ts', { cwd: src })
    .filter((file) => file.includes('/') && !file.endsWith('.test.ts'))
    .flatMap((file) =>
      [...readFileSync(join(src, file), 'utf8').matchAll(/from '(\.{1,2}\/[^']+)'/g)].map((match) => ({
        file,
        target: relative(src, join(src, dirname(file), match[1] ?? '')),
      })),
    );
}

function roomOf(path: string): string {
  return path.split('/')[0] ?? '';
}
