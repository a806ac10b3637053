/**
 * How a command's own output is told apart from everything else on an SSH channel.
 *
 * The command runs inside a small /bin/sh wrapper. The wrapper first prints an opening mark with its process
 * id, and prints a closing mark on both streams when the command has exited. So a login shell's greeting is
 * not output of the command, and a daemon that keeps the pipes open does not keep us: what the command
 * wrote lies before the closing mark, in order, and the SSH exit status follows from the wrapper.
 * sshd gives each command a session of its own, whose leader is the login shell that becomes the wrapper.
 */
import { randomBytes } from 'node:crypto';
import { shellWord } from '../shell-words.ts';

export interface ExecFrame {
  /** What to send as the SSH exec request. */
  readonly commandLine: string;
  readonly opening: Buffer;
  readonly closing: Buffer;
}

const WRAPPER = [
  'printf "%s%s\\n" "$2" "$$"',
  'printf "%s\\n" "$2" >&2',
  '(eval "$1")',
  's=$?',
  'printf %s "$3"',
  'printf %s "$3" >&2',
  'exit $s',
].join('; ');

/** Wraps `command`; its standard input is /dev/null unless `readsStdin`. */
export function frameCommand(command: string, readsStdin: boolean): ExecFrame {
  const nonce = randomBytes(12).toString('hex');
  const opening = `goldsmith-begin-${nonce}-`;
  const closing = `goldsmith-end-${nonce}`;
  const words = ['/bin/sh', '-c', WRAPPER, 'goldsmith', command, opening, closing].map(shellWord);
  return {
    commandLine: `exec ${words.join(' ')}${readsStdin ? '' : ' </dev/null'}`,
    opening: Buffer.from(opening),
    closing: Buffer.from(closing),
  };
}

/** Most bytes of greeting kept while looking for the opening mark. */
const GREETING_LIMIT = 64 * 1024;

/** Cuts one stream of a framed command: feed chunks, get the command's own bytes. */
export class FrameCutter {
  /** The rest of the line that carries the opening mark: the wrapper's process id on stdout. */
  openingNote: string | undefined;
  /** True when the closing mark was seen: nothing of the command can follow. */
  closed = false;
  readonly #frame: ExecFrame;
  #held: Buffer = Buffer.alloc(0);

  constructor(frame: ExecFrame) {
    this.#frame = frame;
  }

  /** What was seen while the opening mark never came, for an error message. */
  get greeting(): string {
    return this.openingNote === undefined ? this.#held.toString('utf8') : '';
  }

  /** The command's bytes in `chunk`, together with what was held back before. May be empty. */
  push(chunk: Buffer): Buffer {
    if (this.closed) return Buffer.alloc(0);
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    if (this.openingNote === undefined && !this.#open()) return Buffer.alloc(0);
    const end = this.#held.indexOf(this.#frame.closing);
    if (end >= 0) {
      this.closed = true;
      return this.#take(end);
    }
    return this.#take(this.#held.length - partialMatch(this.#held, this.#frame.closing));
  }

  /** What is still held back when the stream ends without a closing mark. */
  flush(): Buffer {
    return this.openingNote === undefined || this.closed ? Buffer.alloc(0) : this.#take(this.#held.length);
  }

  #open(): boolean {
    const start = this.#held.indexOf(this.#frame.opening);
    const lineEnd = start < 0 ? -1 : this.#held.indexOf(0x0a, start);
    if (lineEnd < 0) {
      if (start < 0 && this.#held.length > GREETING_LIMIT) this.#held = this.#held.subarray(-GREETING_LIMIT);
      return false;
    }
    this.openingNote = this.#held.toString('utf8', start + this.#frame.opening.length, lineEnd);
    this.#held = this.#held.subarray(lineEnd + 1);
    return true;
  }

  #take(length: number): Buffer {
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }
}

/** Length of the longest end of `bytes` that is a beginning of `mark`. */
function partialMatch(bytes: Buffer, mark: Buffer): number {
  const longest = Math.min(bytes.length, mark.length - 1);
  for (let length = longest; length > 0; length -= 1) {
    if (bytes.subarray(-length).equals(mark.subarray(0, length))) return length;
  }
  return 0;
}
