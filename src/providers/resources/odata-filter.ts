/** Reads the small part of OData's filter language that resource lists take (OData 4.01, URL conventions 5.1.1). */

export type FilterNode = { readonly kind: 'and' | 'or'; readonly nodes: readonly FilterNode[] } | Comparison;

export interface Comparison {
  readonly kind: 'comparison';
  /** In lower case, for example `resourcetype`. */
  readonly field: string;
  readonly operator: 'eq' | 'ne' | 'contains' | 'startswith';
  readonly value: string;
}

const token = /\s*(?:'((?:[^']|'')*)'|([A-Za-z][\w/.]*)|([(),]))/y;
const maxDepth = 16;
const maxLength = 4096;

type Token = { readonly kind: 'text' | 'word' | 'sign'; readonly value: string };

/** Undefined when the text is none of that language. */
export function readFilter(text: string): FilterNode | undefined {
  const tokens = text.length > maxLength ? undefined : tokensOf(text.trim());
  if (tokens === undefined) return undefined;
  const reader = new Reader(tokens);
  const node = reader.readOr(0);
  return reader.atEnd ? node : undefined;
}

function tokensOf(text: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length;) {
    token.lastIndex = at;
    const match = token.exec(text);
    if (match === null) return undefined;
    const [, quoted, word, sign] = match;
    if (quoted !== undefined) tokens.push({ kind: 'text', value: quoted.replaceAll("''", "'") });
    else
      tokens.push(word === undefined ? { kind: 'sign', value: sign ?? '' } : { kind: 'word', value: word });
    at = token.lastIndex;
  }
  return tokens;
}

/** Each method gives undefined where the text ends being a filter; the whole is refused then. */
class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get atEnd(): boolean {
    return this.#at === this.#tokens.length;
  }

  readOr(depth: number): FilterNode | undefined {
    return this.#readChain('or', () => this.#readAnd(depth));
  }

  #readAnd(depth: number): FilterNode | undefined {
    return this.#readChain('and', () => this.#readOne(depth));
  }

  #readChain(kind: 'and' | 'or', readPart: () => FilterNode | undefined): FilterNode | undefined {
    const nodes: FilterNode[] = [];
    do {
      const node = readPart();
      if (node === undefined) return undefined;
      nodes.push(node);
    } while (this.#take('word', kind) !== undefined);
    return nodes.length === 1 ? nodes[0] : { kind, nodes };
  }

  #readOne(depth: number): FilterNode | undefined {
    if (this.#take('sign', '(') !== undefined) {
      const node = depth < maxDepth ? this.readOr(depth + 1) : undefined;
      return this.#take('sign', ')') === undefined ? undefined : node;
    }
    const word = this.#take('word');
    if (word === undefined) return undefined;
    const field = word.toLowerCase();
    if (field === 'substringof') return this.#readCall('text', 'contains');
    if (field === 'contains') return this.#readCall('field', 'contains');
    if (field === 'startswith') return this.#readCall('field', 'startswith');
    const operator = this.#take('word', 'eq') === undefined ? this.#take('word', 'ne') && 'ne' : 'eq';
    const value = this.#take('text');
    if (value === undefined || (operator !== 'eq' && operator !== 'ne')) return undefined;
    return { kind: 'comparison', field, operator, value };
  }

  /** `(…, …)` after the name of a function; `first` is what stands in front of the comma. */
  #readCall(first: 'text' | 'field', operator: 'contains' | 'startswith'): FilterNode | undefined {
    if (this.#take('sign', '(') === undefined) return undefined;
    const left = this.#take(first === 'text' ? 'text' : 'word');
    if (left === undefined || this.#take('sign', ',') === undefined) return undefined;
    const right = this.#take(first === 'text' ? 'word' : 'text');
    if (right === undefined || this.#take('sign', ')') === undefined) return undefined;
    const [field, value] = first === 'text' ? [right, left] : [left, right];
    return { kind: 'comparison', field: field.toLowerCase(), operator, value };
  }

  #take(kind: Token['kind'], value?: string): string | undefined {
    const next = this.#tokens[this.#at];
    if (next?.kind !== kind || (value !== undefined && next.value.toLowerCase() !== value)) return undefined;
    this.#at += 1;
    return next.value;
  }
}
