/** Who runs a script, judged by its first bytes. */

export type Interpreter =
  /** Words that go before the script's path. */
  | { readonly kind: 'interpreter'; readonly words: readonly string[] }
  /** A program of its own: started directly. */
  | { readonly kind: 'binary' };

/**
 * Honours a `#!` line as the Linux kernel does (one interpreter, at most one argument), so that a script also
 * runs from a file system mounted noexec. Without one the script belongs to /bin/sh.
 */
export function interpreterOf(head: Buffer): Interpreter {
  if (head.subarray(0, 4).toString('latin1') === '\u007fELF') return { kind: 'binary' };
  const start = head.subarray(0, 3).toString('latin1') === '\u00ef\u00bb\u00bf' ? 3 : 0; // a UTF-8 byte order mark
  const lineEnd = head.indexOf(0x0a, start);
  const line = head.toString('utf8', start, lineEnd < 0 ? head.length : lineEnd);
  if (!line.startsWith('#!')) return { kind: 'interpreter', words: ['/bin/sh'] };
  const [, program, argument] = /^#![ \t]*([^ \t]+)[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
  if (program === undefined) return { kind: 'interpreter', words: ['/bin/sh'] };
  return {
    kind: 'interpreter',
    words: argument === undefined || argument === '' ? [program] : [program, argument],
  };
}

/** True when lines end the Windows way, which breaks `#!` lines and most shell commands. */
export function hasWindowsLineEnds(head: Buffer): boolean {
  return head.indexOf('\r\n') >= 0;
}
