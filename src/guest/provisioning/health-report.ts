/**
 * Health reports that agents post to the WireServer. They come from the guest, so they are hostile text:
 * read with plain searches, nothing is resolved or expanded, and what is kept is short and printable.
 */

export interface HealthReport {
  readonly state: 'Ready' | 'NotReady';
  /** Who said it, by User-Agent. */
  readonly agent: 'cloud-init' | 'waagent' | 'unknown';
  /** For example `Provisioning` or `ProvisioningFailed`; empty when not given. */
  readonly subStatus: string;
  /** Free text of the agent, printable, at most 1000 characters. */
  readonly description: string;
}

const MAX_TEXT = 1000;

/** Parses `<Health>...<State>..</State>...`; undefined when the body is no health report. */
export function parseHealthReport(body: string, userAgent: string): HealthReport | undefined {
  const state = elementText(body, 'State');
  if (state !== 'Ready' && state !== 'NotReady') return undefined;
  return {
    state,
    agent: agentOf(userAgent),
    subStatus: elementText(body, 'SubStatus'),
    description: elementText(body, 'Description'),
  };
}

function agentOf(userAgent: string): HealthReport['agent'] {
  if (/^cloud-init\//i.test(userAgent)) return 'cloud-init';
  // Older agents send none to the WireServer; they name themselves in the version header.
  return /walinuxagent/i.test(userAgent) ? 'waagent' : 'unknown';
}

function elementText(body: string, name: string): string {
  const open = body.indexOf(`<${name}>`);
  const from = open + name.length + 2;
  const close = open === -1 ? -1 : body.indexOf(`</${name}>`, from);
  if (close === -1) return '';
  const text = body
    .slice(from, close)
    .slice(0, 8 * MAX_TEXT)
    .replaceAll(/&(lt|gt|quot|apos|#39|#34|amp);/g, (_, entity: string) => PLAIN[entity] ?? '')
    .replaceAll(/\p{C}+/gu, ' ');
  return text.trim().slice(0, MAX_TEXT);
}

const PLAIN: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  '#39': "'",
  '#34': '"',
  amp: '&',
};
