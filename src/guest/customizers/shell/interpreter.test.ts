import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasWindowsLineEnds, interpreterOf } from './interpreter.ts';

const words = (text: string): readonly string[] | undefined => {
  const interpreter = interpreterOf(Buffer.from(text));
  return interpreter.kind === 'interpreter' ? interpreter.words : undefined;
};

test('the first line names the interpreter and at most one argument', () => {
  assert.deepEqual(words('#!/bin/bash\necho'), ['/bin/bash']);
  assert.deepEqual(words('#! /usr/bin/env  python3 -u \nprint()'), ['/usr/bin/env', 'python3 -u']);
  assert.deepEqual(words('\ufeff#!/bin/bash\n'), ['/bin/bash']);
});

test('a script without such a line belongs to /bin/sh', () => {
  assert.deepEqual(words('echo hello\n#!/bin/bash'), ['/bin/sh']);
  assert.deepEqual(words('#!\n'), ['/bin/sh']);
  assert.deepEqual(words(''), ['/bin/sh']);
});

test('a carriage return stays part of the interpreter, as it does for the kernel', () => {
  assert.deepEqual(words('#!/bin/bash\r\necho'), ['/bin/bash\r']);
  assert.equal(hasWindowsLineEnds(Buffer.from('#!/bin/bash\r\n')), true);
  assert.equal(hasWindowsLineEnds(Buffer.from('#!/bin/bash\n')), false);
});

test('a compiled program is started as it is', () => {
  assert.equal(interpreterOf(Buffer.from('7f454c4602010100', 'hex')).kind, 'binary');
});
