/** Guest bytes as text that is safe to show: nothing in it can drive a terminal or forge a log line. */

/** Complete escape sequences: CSI (colours, cursor), OSC/DCS/PM/APC strings, and two- or three-byte escapes. */
const ESCAPE_SEQUENCE =
  // ECMA-48 sections 5.3 and 5.4; strings end with BEL or ST.
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]*[0-Z\\^-~]/g;

/** Control characters, line separators, and marks that reorder or hide text (bidirectional, zero width). */
const UNSAFE = /[\p{Cc}\u2028\u2029\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/gu;

/**
 * Removes terminal escape sequences and replaces what is left of control characters by visible ones
 * (U+2400 pictures for C0 and DEL, U+FFFD otherwise). A tab stays a tab.
 */
export function safeText(text: string): string {
  return text.replaceAll(ESCAPE_SEQUENCE, '').replaceAll(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    if (character === '\t') return character;
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '\u2421' : '\ufffd';
  });
}
