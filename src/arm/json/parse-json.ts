/**
 * JSON (RFC 8259) for files that people write: errors carry line and column, a repeated key is an
 * issue instead of a silent loss, nesting is capped, and `//` and block comments are skipped, as ARM does for
 * its template files.
 */
import type { Issue } from '../../model/issue.ts';
import { formatJsonPath, printable, type PathSegment } from './json-path.ts';

/** A template file holds at most this many UTF-16 units: 4 MiB. */
export const maxJsonLength = 4 * 1024 * 1024;
export const maxJsonDepth = 64;
const maxFields = 10_000;
const maxDuplicates = 100;

export type ParsedJson =
  | { readonly ok: true; readonly value: unknown; readonly duplicates: readonly Issue[] }
  | { readonly ok: false; readonly issue: Issue };

/** Reads `text`, with or without a byte order mark. Never throws. Of a repeated key the last value stays. */
export function parseJson(text: string): ParsedJson {
  if (text.length > maxJsonLength) {
    const message = `The file is larger than ${maxJsonLength / 1024 / 1024} MiB.`;
    return { ok: false, issue: { path: '$', code: 'TooLarge', message } };
  }
  const reader = new JsonReader(text);
  try {
    const value = reader.document();
    return { ok: true, value, duplicates: reader.duplicates };
  } catch (error) {
    if (error instanceof JsonProblem) return { ok: false, issue: error.issue };
    throw error;
  }
}

class JsonProblem extends Error {
  readonly issue: Issue;
  constructor(issue: Issue) {
    super(issue.message);
    this.issue = issue;
  }
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const blank = /(?:[ \t\r\n]+|\/\/[^\n]*|\/\*[^]*?\*\/)*/y;
const plainText = /[^"\\\u0000-\u001f]*/y;
const words: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
]);
const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

class JsonReader {
  readonly duplicates: Issue[] = [];
  readonly #text: string;
  readonly #path: PathSegment[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    if (text.charCodeAt(0) === 0xfeff) this.#at = 1;
  }

  document(): unknown {
    this.#skipBlank();
    if (this.#at === this.#text.length) this.#fail('the file is empty');
    const value = this.#value();
    this.#skipBlank();
    if (this.#at < this.#text.length) this.#fail('nothing may follow the end of the document');
    return value;
  }

  #value(): unknown {
    const first = this.#text[this.#at];
    if (first === '{') return this.#object();
    if (first === '[') return this.#array();
    if (first === '"') return this.#string();
    if (first === '-' || (first !== undefined && first >= '0' && first <= '9')) return this.#number();
    for (const [word, value] of words) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    return this.#fail(first === undefined ? 'the file ends in the middle' : 'expected a value');
  }

  #object(): unknown {
    const result = {};
    this.#enter();
    if (this.#next('}')) return result;
    for (let count = 1; ; count += 1) {
      if (count > maxFields) this.#fail(`one object holds more than ${maxFields} fields`);
      this.#skipBlank();
      const keyAt = this.#at;
      if (this.#text[this.#at] !== '"') this.#fail('expected a field name in double quotes');
      const key = this.#string();
      this.#path.push(key);
      if (Object.hasOwn(result, key)) this.#duplicate(key, keyAt);
      this.#expect(':');
      this.#skipBlank();
      // defineProperty, not assignment: a field named __proto__ must stay a field.
      const descriptor = { value: this.#value(), enumerable: true, configurable: true, writable: true };
      Object.defineProperty(result, key, descriptor);
      this.#path.pop();
      if (this.#next('}')) return result;
      this.#expect(',', "expected ',' or '}'");
    }
  }

  #array(): unknown {
    const result: unknown[] = [];
    this.#enter();
    if (this.#next(']')) return result;
    for (;;) {
      this.#skipBlank();
      this.#path.push(result.length);
      result.push(this.#value());
      this.#path.pop();
      if (this.#next(']')) return result;
      this.#expect(',', "expected ',' or ']'");
    }
  }

  #string(): string {
    this.#at += 1;
    let result = '';
    for (;;) {
      result += this.#match(plainText) ?? '';
      const character = this.#text[this.#at];
      if (character === '"') {
        this.#at += 1;
        return result;
      }
      if (character === undefined) this.#fail('a text is not closed with a double quote');
      if (character !== '\\') this.#fail('a control character or line break stands inside a text; write \\n');
      result += this.#escape();
    }
  }

  #escape(): string {
    const kind = this.#text[this.#at + 1] ?? '';
    const simple = escapes.get(kind);
    if (simple !== undefined) {
      this.#at += 2;
      return simple;
    }
    const hex = this.#text.slice(this.#at + 2, this.#at + 6);
    if (kind !== 'u' || !/^[0-9a-fA-F]{4}$/.test(hex))
      this.#fail('unknown escape after a backslash; a backslash itself is written \\\\');
    this.#at += 6;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  #number(): number {
    const text = this.#match(number);
    if (text === undefined || text === '') return this.#fail('expected a number');
    const value = Number(text);
    return Number.isFinite(value) ? value : this.#fail('the number is too large');
  }

  #enter(): void {
    if (this.#path.length >= maxJsonDepth) this.#fail(`nested deeper than ${maxJsonDepth} levels`);
    this.#at += 1;
  }

  /** Skips blanks and takes `character` when it is next. */
  #next(character: string): boolean {
    this.#skipBlank();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #expect(character: string, problem = `expected '${character}'`): void {
    if (this.#next(character)) return;
    this.#fail(this.#at === this.#text.length ? 'the file ends in the middle' : problem);
  }

  #skipBlank(): void {
    this.#match(blank);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #duplicate(key: string, at: number): void {
    if (this.duplicates.length >= maxDuplicates) return;
    const message = `Field '${printable(key, 80)}' appears twice in one object, again at ${this.#where(at)}.`;
    this.duplicates.push({ path: formatJsonPath(this.#path), code: 'DuplicateField', message });
  }

  #fail(problem: string): never {
    const message = `Not valid JSON at ${this.#where(this.#at)}: ${problem}.`;
    throw new JsonProblem({ path: formatJsonPath(this.#path), code: 'BadJson', message });
  }

  #where(at: number): string {
    const before = this.#text.slice(0, at);
    const lineStart = before.lastIndexOf('\n') + 1;
    const line = before.split('\n').length;
    const bom = lineStart === 0 && before.charCodeAt(0) === 0xfeff ? 1 : 0;
    return `line ${line}, column ${at - lineStart - bom + 1}`;
  }
}
