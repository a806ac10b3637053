/**
 * The little of a terminal that the live view uses, for tests: printing, line ends, cursor up, erasing, hiding the
 * cursor. Anything else is an error, so that a test notices when the view starts to use more.
 */
export class TerminalEmulator {
  readonly columns: number;
  cursorVisible = true;
  #lines: string[] = [''];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.columns = columns;
  }

  write(text: string): void {
    for (const [token] of text.matchAll(/\u001B\[[?\d;]*[A-Za-z]|[^]/gu)) this.#take(token);
  }

  /** Everything that was printed and not erased, scrolled away or not, without empty lines at the end. */
  get screen(): readonly string[] {
    const lines = this.#lines.map((line) => line.trimEnd());
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  #take(token: string): void {
    const control = /^\u001B\[(.*)([A-Za-z])$/.exec(token);
    if (control !== null) return this.#control(control[1] ?? '', control[2] ?? '');
    if (token === '\r') this.#column = 0;
    else if (token === '\n') this.#moveTo(this.#row + 1);
    else this.#print(token);
  }

  #control(parameter: string, final: string): void {
    const line = this.#lines[this.#row] ?? '';
    if (parameter === '?25') this.cursorVisible = final === 'h';
    else if (parameter === '?2026' || final === 'm') return;
    else if (final === 'A') this.#row = Math.max(0, this.#row - Number(parameter));
    else if (final === 'K') this.#lines[this.#row] = line.slice(0, this.#column);
    else if (final === 'J') this.#lines = [...this.#lines.slice(0, this.#row), line.slice(0, this.#column)];
    else throw new Error(`unexpected control sequence ${JSON.stringify(parameter + final)}`);
  }

  #print(char: string): void {
    if (this.#column >= this.columns) this.#moveTo(this.#row + 1);
    const line = (this.#lines[this.#row] ?? '').padEnd(this.#column);
    this.#lines[this.#row] = line.slice(0, this.#column) + char + line.slice(this.#column + 1);
    this.#column += 1;
  }

  #moveTo(row: number): void {
    this.#row = row;
    this.#column = 0;
    while (this.#lines.length <= row) this.#lines.push('');
  }
}
