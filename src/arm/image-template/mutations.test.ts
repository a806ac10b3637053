/** Thousands of damaged templates: reading one never throws, and a refusal always says where. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { apiVersions } from '../api-versions/supported.ts';
import { parseTemplateBody, parseTemplateDocument, type ParsedTemplate } from './parse-document.ts';

const examples = join(import.meta.dirname, '..', '..', '..', 'examples');
const texts = globSync('*.json', { cwd: examples })
  .sort()
  .map((file) => readFileSync(join(examples, file), 'utf8'));

interface Place {
  readonly parent: object;
  readonly key: string;
}

const garbage: readonly unknown[] = [
  null,
  true,
  -1,
  1e300,
  0.5,
  '',
  'x'.repeat(100_000),
  '\u0000\u001b[2J\u202e',
  '../../etc/passwd',
  "[parameters('x')]",
  '[[x]',
  [],
  {},
  [[[[[[]]]]]],
  Array.from({ length: 3000 }, () => ({})),
  { type: 'Shell' },
  { type: { type: 'Shell' } },
  JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
  { toString: 1, valueOf: 2, hasOwnProperty: 3, length: -1 },
];
const names = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'then',
  '',
  '$',
  '0',
  'ключ',
  'x'.repeat(10_000),
];

type Mutation = (place: Place, random: () => number) => void;
const mutations: readonly Mutation[] = [
  ({ parent, key }) => {
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else Reflect.deleteProperty(parent, key);
  },
  (place, random) => put(place.parent, place.key, pick(garbage, random)),
  (place, random) => put(place.parent, pick(names, random), take(place)),
  (place) => put(place.parent, place.key.toUpperCase(), take(place)),
  (place) => put(place.parent, `${place.key}x`, take(place)),
  ({ parent, key }) => {
    const value: unknown = Reflect.get(parent, key);
    if (typeof value === 'string') put(parent, key, value.toUpperCase());
    else put(parent, key, [value]);
  },
  ({ parent, key }) => {
    const value: unknown = Reflect.get(parent, key);
    if (Array.isArray(value)) put(parent, key, [...value, ...value]);
    else put(parent, key, { [key]: value });
  },
];

test('a few thousand damaged templates are read or refused with a path, and nothing throws', () => {
  const random = randomNumbers(20_251_001);
  let refusals = 0;
  for (let round = 0; round < 4000; round += 1) {
    const document: unknown = JSON.parse(pick(texts, random));
    for (let count = 1 + Math.floor(random() * 3); count > 0; count -= 1) {
      const places = placesOf(document);
      if (places.length > 0) pick(mutations, random)(pick(places, random), random);
    }
    const apiVersion = pick(apiVersions, random);
    const parsed =
      random() < 0.8
        ? parseTemplateDocument(JSON.stringify(document), random() < 0.5 ? {} : { apiVersion })
        : parseTemplateBody(document, apiVersion);
    if (!parsed.ok) refusals += 1;
    assertUseful(parsed);
  }
  assert.ok(refusals > 2000, `only ${refusals} of 4000 were refused`);
  assert.ok(!('polluted' in {}));
});

test('damaged text is read or refused with a path, and nothing throws', () => {
  const random = randomNumbers(20_200_214);
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    '"',
    ',',
    ':',
    '\\',
    '\\u12',
    '//',
    '/*',
    'null',
    '\u0000',
    '\ufeff',
    '1e',
    ' ',
  ];
  for (let round = 0; round < 1000; round += 1) {
    const text = pick(texts, random);
    const at = Math.floor(random() * text.length);
    const damaged = text.slice(0, at) + pick(pieces, random) + text.slice(at + Math.floor(random() * 4));
    assertUseful(parseTemplateDocument(damaged));
    assertUseful(parseTemplateDocument(text.slice(0, at)));
  }
});

function assertUseful(parsed: ParsedTemplate): void {
  const reports = parsed.ok ? parsed.warnings : [...parsed.issues, ...parsed.warnings];
  if (!parsed.ok) assert.ok(parsed.issues.length > 0);
  assert.ok(reports.length <= 250);
  for (const { path, code, message } of reports) {
    assert.match(path, /^\$/);
    assert.match(code, /^[A-Z][A-Za-z]+$/);
    assert.ok(message.length > 0 && message.length < 2000, message.slice(0, 300));
    assert.doesNotMatch(message + path, /[\p{Cc}\u202e]/u, JSON.stringify({ path, message }));
    assert.doesNotMatch(message, /invalid input/i);
  }
}

function placesOf(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.keys(value)
    .slice(0, 50)
    .flatMap((key) => [{ parent: value, key }, ...placesOf(Reflect.get(value, key))]);
}

function take({ parent, key }: Place): unknown {
  const value: unknown = Reflect.get(parent, key);
  Reflect.deleteProperty(parent, key);
  return value;
}

function put(parent: object, key: string, value: unknown): void {
  // JSON arrays have no named fields.
  if (Array.isArray(parent) && !/^\d+$/.test(key)) return;
  Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true });
}

function pick<T>(list: readonly T[], random: () => number): T {
  const [found] = list.slice(Math.floor(random() * list.length)).map((entry) => ({ entry }));
  assert.ok(found);
  return found.entry;
}

/** The same numbers in [0, 1) for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
