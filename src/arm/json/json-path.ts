/** JSON paths as issues show them: `$.properties.customize[0].type`. */

export type PathSegment = string | number;
export type JsonPath = readonly PathSegment[];

const maxSegmentLength = 64;

/** Text of `path` from the document root; odd keys come quoted, long ones cut, control characters escaped. */
export function formatJsonPath(path: JsonPath): string {
  return `$${path.map(formatSegment).join('')}`;
}

function formatSegment(segment: PathSegment): string {
  if (typeof segment === 'number') return `[${segment}]`;
  if (/^[A-Za-z_$][\w$-]{0,63}$/.test(segment)) return `.${segment}`;
  return `['${printable(segment, maxSegmentLength)}']`;
}

/**
 * `text` cut to `maxLength` UTF-16 units and safe to print: quotes stay, control, format and
 * bidirectional characters become `\u` escapes, so that hostile input cannot steer a terminal.
 */
export function printable(text: string, maxLength: number): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return cut.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

/** The value that `path` leads to inside `root`; undefined where the path ends early. */
export function valueAt(root: unknown, path: JsonPath): unknown {
  let value = root;
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = Reflect.get(value, segment);
  }
  return value;
}
