import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canRedraw, makeStyle, styleFor, wantsColour } from './style.ts';

test('a terminal gets colours, a pipe does not', () => {
  assert.equal(wantsColour(true, { TERM: 'xterm' }), true);
  assert.equal(wantsColour(false, { TERM: 'xterm' }), false);
});

test('NO_COLOR and TERM=dumb take colours away, FORCE_COLOR gives them to anything', () => {
  assert.equal(wantsColour(true, { TERM: 'xterm', NO_COLOR: '1' }), false);
  assert.equal(wantsColour(true, { TERM: 'xterm', NO_COLOR: '' }), true);
  assert.equal(wantsColour(true, { TERM: 'dumb' }), false);
  assert.equal(wantsColour(false, { FORCE_COLOR: '1', NO_COLOR: '1' }), true);
  assert.equal(wantsColour(true, { TERM: 'xterm', FORCE_COLOR: '0' }), false);
});

test('the view redraws itself only on a real terminal outside CI', () => {
  assert.equal(canRedraw(true, { TERM: 'xterm' }), true);
  assert.equal(canRedraw(false, { TERM: 'xterm' }), false);
  assert.equal(canRedraw(true, { TERM: 'dumb' }), false);
  assert.equal(canRedraw(true, { TERM: 'xterm', CI: 'true' }), false);
});

test('marks are ASCII when the locale cannot show more', () => {
  assert.equal(styleFor(true, { TERM: 'xterm', LANG: 'C' }).marks.done, '+');
  assert.equal(styleFor(true, { TERM: 'xterm', LANG: 'de_DE.UTF-8' }).marks.done, '✔');
  assert.equal(styleFor(true, { TERM: 'xterm', LANG: 'de_DE.UTF-8', LC_ALL: 'C' }).marks.done, '+');
});

test('without colours paint adds nothing', () => {
  assert.equal(makeStyle(false, true).red('x'), 'x');
  assert.equal(makeStyle(true, true).red('x'), '\u001B[31mx\u001B[39m');
});
