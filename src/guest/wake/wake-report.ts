/** What the agent says it did. The guest is hostile: the report is a claim, and bounded. */

/** Everything that a woken copy must have of its own before it is used, in the order in which the agent does it. */
export const WAKE_FACTS = [
  /** Random bytes of the host are in the kernel's pool, and it has drawn a new key from it. */
  'entropy',
  'mac-address',
  /** Calendar timers of systemd will not fire because the clock jumps. */
  'timers',
  'clock',
  'host-keys',
  'authorized-key',
  /** The SSH sessions of the frozen life are gone. */
  'old-sessions',
  'machine-id',
  'boot-id',
  'vm-id',
  'host-name',
  /** The machine has its IPv4 address, also after its DHCP client has noticed that the card is another. */
  'address',
] as const;

export type WakeFactName = (typeof WAKE_FACTS)[number];

export interface WakeFact {
  readonly name: WakeFactName;
  readonly ok: boolean;
  /** What the guest says about it, printable ASCII, at most 200 characters. */
  readonly detail: string;
}

export interface WakeReport {
  /** All of {@link WAKE_FACTS}; one that the guest did not state is not ok. */
  readonly facts: readonly WakeFact[];
}

const DETAIL_LIMIT = 200;

/** Reads lines of the form `fact yes|no detail`; everything else is skipped. The first word on a fact counts. */
export function parseWakeReport(text: string): WakeReport {
  const said = new Map<string, WakeFact>();
  for (const line of text.split('\n')) {
    const [first, verdict, ...rest] = line.split(' ');
    const name = WAKE_FACTS.find((fact) => fact === first);
    if (name === undefined || said.has(name)) continue;
    const detail = rest
      .join(' ')
      .replaceAll(/[^\x20-\x7e]/g, '?')
      .slice(0, DETAIL_LIMIT);
    said.set(name, { name, ok: verdict === 'yes', detail });
  }
  return {
    facts: WAKE_FACTS.map((name) => said.get(name) ?? { name, ok: false, detail: 'it was not stated' }),
  };
}

/** What keeps a woken copy from being used. Empty is the only good answer. */
export function unmetFacts(report: WakeReport): readonly WakeFact[] {
  return report.facts.filter((fact) => !fact.ok);
}
