import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filledPages } from './filled-pages.ts';

const GRAIN = 64 * 1024;

test('zeros need not be sent', () => {
  assert.deepEqual(filledPages(Buffer.alloc(4 * GRAIN)), []);
  assert.deepEqual(filledPages(Buffer.alloc(0)), []);
});

test('neighbouring grains with data are one run', () => {
  const bytes = Buffer.alloc(6 * GRAIN);
  bytes[GRAIN - 1] = 1;
  bytes[GRAIN] = 1;
  bytes[5 * GRAIN + 7] = 1;
  assert.deepEqual(filledPages(bytes), [
    { offset: 0, length: 2 * GRAIN },
    { offset: 5 * GRAIN, length: GRAIN },
  ]);
});

test('the last grain is as long as what is left, for example the footer of a VHD', () => {
  const bytes = Buffer.alloc(2 * GRAIN + 512);
  bytes.fill('conectix', 2 * GRAIN);
  assert.deepEqual(filledPages(bytes), [{ offset: 2 * GRAIN, length: 512 }]);
});
