/**
 * Reads a script as a simulated machine does: line by line, without a shell. What it makes of a line:
 *
 *  - `exit <n>` and `false` outside of `if`, `for`, `while`, `case` and functions end the script with that code;
 *  - `echo <words>` prints the words (to standard error with `>&2` at its end);
 *  - `sleep <seconds>` waits;
 *  - a comment, an empty line, and the lines of a here-document do nothing;
 *  - anything else is printed behind `[simulated, not run]` and counts as done.
 */

export type ScriptAction =
  | { readonly kind: 'print'; readonly stream: 'out' | 'err'; readonly line: string }
  | { readonly kind: 'sleep'; readonly seconds: number }
  | { readonly kind: 'exit'; readonly code: number };

/** What stands before a line that was not run. */
export const NOT_RUN = '[simulated, not run]';

const opening = /^(if|for|while|until|case|select)\b|\{$/;
const closing = /(^|[\s;])(fi|done|esac)\s*;?\s*$|^\}/;

/** The actions in order; at most one `exit`, which is the last. */
export function readScript(text: string): readonly ScriptAction[] {
  const actions: ScriptAction[] = [];
  let depth = 0;
  let hereDocument: string | undefined;
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim();
    if (hereDocument !== undefined) {
      if (line === hereDocument) hereDocument = undefined;
      continue;
    }
    if (line === '' || line.startsWith('#')) continue;
    hereDocument = /<<-?\s*(["']?)([A-Za-z_]\w*)\1/.exec(line)?.[2];
    const opens = opening.test(line);
    const closes = closing.test(line);
    const action = depth === 0 && !opens ? actionOf(line) : notRun(line);
    actions.push(action);
    if (action.kind === 'exit') break;
    depth = Math.max(0, depth + (opens ? 1 : 0) - (closes ? 1 : 0));
  }
  return actions;
}

function actionOf(line: string): ScriptAction {
  const [, exitCode] = /^exit(?:\s+(\d{1,3}))?\s*;?$/.exec(line) ?? [];
  if (exitCode !== undefined || /^exit\s*;?$/.test(line)) {
    return { kind: 'exit', code: Number(exitCode ?? 0) % 256 };
  }
  if (/^(\/bin\/)?false$/.test(line)) return { kind: 'exit', code: 1 };
  const [, seconds] = /^sleep\s+(\d+(?:\.\d+)?)s?$/.exec(line) ?? [];
  if (seconds !== undefined) return { kind: 'sleep', seconds: Number(seconds) };
  const [, words, toError] = /^echo(?:\s+([^|<>&;$`]*?))?\s*(>&2)?$/.exec(line) ?? [undefined, undefined];
  if (/^echo\b/.test(line) && !/[|<;$`]|&(?!2$)|>(?!&2$)/.test(line)) {
    return { kind: 'print', stream: toError === undefined ? 'out' : 'err', line: unquoted(words ?? '') };
  }
  return notRun(line);
}

function notRun(line: string): ScriptAction {
  return { kind: 'print', stream: 'out', line: `${NOT_RUN} ${line}` };
}

function unquoted(words: string): string {
  return words.trim().replace(/^(["'])(.*)\1$/, '$2');
}
