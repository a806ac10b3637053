/** Colours and marks, and what the environment says about using them. */

export type Paint = (text: string) => string;

export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
  readonly marks: Marks;
}

export interface Marks {
  readonly done: string;
  readonly failed: string;
  readonly skipped: string;
  readonly warning: string;
  readonly bar: string;
  readonly filled: string;
  readonly empty: string;
  readonly spinner: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

const unicodeMarks: Marks = {
  done: '✔',
  failed: '✖',
  skipped: '–',
  warning: '⚠',
  bar: '│',
  filled: '█',
  empty: '░',
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
};

const asciiMarks: Marks = {
  done: '+',
  failed: 'x',
  skipped: '-',
  warning: '!',
  bar: '|',
  filled: '#',
  empty: '.',
  spinner: ['|', '/', '-', '\\'],
};

/** The style for a stream: colours by {@link wantsColour}, marks in Unicode when the locale can show them. */
export function styleFor(isTty: boolean, env: Environment): Style {
  return makeStyle(wantsColour(isTty, env), speaksUnicode(env));
}

export function makeStyle(colour: boolean, unicode: boolean): Style {
  const paint = (open: number, close: number): Paint =>
    colour ? (text) => `\u001B[${open}m${text}\u001B[${close}m` : (text) => text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
    marks: unicode ? unicodeMarks : asciiMarks,
  };
}

/** `FORCE_COLOR` (not `0` or `false`) wins, then `NO_COLOR`, then `TERM=dumb`; otherwise colour on a terminal. */
export function wantsColour(isTty: boolean, env: Environment): boolean {
  const force = env['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  return isTty && env['TERM'] !== 'dumb';
}

/** A view that redraws itself needs a terminal that can move the cursor, and a person in front of it. */
export function canRedraw(isTty: boolean, env: Environment): boolean {
  return isTty && (env['TERM'] ?? 'dumb') !== 'dumb' && (env['CI'] ?? '') === '';
}

function speaksUnicode(env: Environment): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => (value ?? '') !== '');
  return /utf-?8/i.test(locale ?? '');
}
