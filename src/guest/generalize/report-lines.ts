/** Reading what the generalize script reports between the lines of everything else it prints. */
import { PROVEN_FACTS, type ProvenFact } from './proof-script.ts';

export interface ProofFact {
  readonly name: ProvenFact;
  readonly ok: boolean;
  /** What speaks against it: paths. Empty when `ok`. */
  readonly found: string;
}

export type DeprovisionMethod = 'override' | 'waagent' | 'builtin';

/** Characters. */
const FIRST_BOOT_LIMIT = 64 * 1024;

/** The state of the report so far; `take` it line by line. */
export class ReportReader {
  readonly warnings: string[] = [];
  readonly #tag: string;
  readonly #facts = new Map<string, ProofFact>();
  /** What `FINISHED_SCRIPT` said about cloud-init. */
  firstBoot = '';
  method: DeprovisionMethod | undefined;
  /** Why the script gave up. */
  stopped: string | undefined;
  /** All facts were stated; the script waits for the word to switch off. */
  waiting = false;
  /** The machine is about to be switched off. */
  off = false;

  /** @param tag the unguessable word that marks the script's own lines. */
  constructor(tag: string) {
    this.#tag = tag;
  }

  /** True when `line` belongs to the report and not to the log. */
  take(line: string): boolean {
    const prefix = `@@${this.#tag} `;
    if (!line.startsWith(prefix)) return false;
    const [kind, first = '', ...rest] = line.slice(prefix.length).split(' ');
    const text = [first, ...rest].join(' ');
    if (kind === 'method' && (first === 'override' || first === 'waagent' || first === 'builtin'))
      this.method = first;
    if (kind === 'first-boot' && this.firstBoot.length < FIRST_BOOT_LIMIT) this.firstBoot += `${text}\n`;
    if (kind === 'warning') this.warnings.push(text);
    if (kind === 'stopped') this.stopped = text;
    if (kind === 'proved') this.waiting = true;
    if (kind === 'off') this.off = true;
    const name = PROVEN_FACTS.find((fact) => fact === first);
    if (kind === 'fact' && name !== undefined) {
      this.#facts.set(name, { name, ok: rest[0] === 'yes', found: rest.slice(1).join(' ').trim() });
    }
    return true;
  }

  /** Every fact in its fixed order; one that was never stated counts as not true. */
  get facts(): readonly ProofFact[] {
    return PROVEN_FACTS.map(
      (name) => this.#facts.get(name) ?? { name, ok: false, found: 'it was not examined' },
    );
  }
}
