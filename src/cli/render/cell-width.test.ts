import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellWidth, fitCells, padCells } from './cell-width.ts';

test('wide letters take two cells and combining marks none', () => {
  assert.equal(cellWidth('abc'), 3);
  assert.equal(cellWidth('日本'), 4);
  assert.equal(cellWidth('e\u0301'), 1);
  assert.equal(cellWidth('🚀'), 2);
});

test('text is cut to the cells there are, never inside a letter', () => {
  assert.equal(fitCells('abcdef', 6), 'abcdef');
  assert.equal(fitCells('abcdef', 4), 'abc…');
  assert.equal(fitCells('日本語', 4), '日…');
  assert.equal(fitCells('abc', 0), '');
});

test('padding fills up to the wanted cells', () => {
  assert.equal(padCells('日', 4), '日  ');
});
