/** Templates with something wrong in them, the same ones for the same seed. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const examples = join(import.meta.dirname, '..', '..', '..', 'examples');
/** The texts of the example templates. */
export const exampleTexts = globSync('*.json', { cwd: examples })
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
  // A copy: what goes into the document may be damaged again, and must not end up inside itself.
  (place, random) => put(place.parent, place.key, structuredClone(pick(garbage, random))),
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

/** One of `list`, never none. */
export function pick<T>(list: readonly T[], random: () => number): T {
  const [found] = list.slice(Math.floor(random() * list.length)).map((entry) => ({ entry }));
  assert.ok(found);
  return found.entry;
}

/** The same numbers in [0, 1) for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One of `texts` (default: the example templates) with one to three things wrong in it; sometimes still a good one. */
export function damagedTemplate(random: () => number, texts: readonly string[] = exampleTexts): unknown {
  const document: unknown = JSON.parse(pick(texts, random));
  for (let count = 1 + Math.floor(random() * 3); count > 0; count -= 1) {
    const places = placesOf(document);
    if (places.length > 0) pick(mutations, random)(pick(places, random), random);
  }
  return document;
}
