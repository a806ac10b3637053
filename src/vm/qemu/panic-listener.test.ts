import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { PanicListener } from './panic-listener.ts';
import { SerialConsole } from './serial-console.ts';

const FIRST = '[   12.345678] Kernel panic - not syncing: sysrq triggered crash';
const LAST = '[   12.400000][    T1] ---[ end Kernel panic - not syncing: sysrq triggered crash ]---';
const NEVER_MS = 60_000;

function scene(): {
  readonly stream: PassThrough;
  readonly console: SerialConsole;
  readonly panic: PanicListener;
} {
  const stream = new PassThrough();
  const console = new SerialConsole(stream);
  return { stream, console, panic: new PanicListener(console) };
}

test('a panic that pvpanic announces first is reported with what the kernel says next', async () => {
  const { stream, console, panic } = scene();
  const report = panic.report(NEVER_MS);
  stream.write(`${FIRST}\n[   12.35] Call Trace:\n${LAST}\n`);
  assert.equal(await report, FIRST);
  assert.match(console.text, /Call Trace/);
});

test('the first line of a report is noticed, and its end waited for', async () => {
  const { stream, console, panic } = scene();
  stream.write(`${FIRST}\n`);
  await panic.begun;
  const report = panic.report(NEVER_MS);
  stream.write(`[   12.35] Call Trace:\n${LAST}\n`);
  assert.equal(await report, FIRST);
  assert.match(console.text, /Call Trace/);
});

test('the end of the console ends a report', async () => {
  const { stream, panic } = scene();
  stream.end(`${FIRST}\n`);
  assert.equal(await panic.report(NEVER_MS), FIRST);
});

test('a console that stays silent is not waited for', async () => {
  assert.equal(await scene().panic.report(1), undefined);
});

test('a file that is shown on the console is no panic', async () => {
  const { stream, panic } = scene();
  stream.write(`Kernel panic - not syncing: in a log\nsome text ${FIRST}\n`);
  const first = await Promise.race([panic.begun.then(() => 'panic'), panic.report(20)]);
  assert.equal(first, undefined);
});
