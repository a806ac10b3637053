/** Short names of platform images (`az vm image list` without `--all`, `--image Debian12` of many commands). */
import type { CatalogueEntry } from '../../images/catalogue/catalogue-file.ts';

/**
 * The alias document in the shape that Azure publishes. A name stands for the first offer of its system and
 * version, and there for generation 2 when it has one.
 */
export function imageAliases(catalogue: readonly CatalogueEntry[]): object {
  const chosen = new Map<string, CatalogueEntry>();
  for (const entry of catalogue) {
    const alias = aliasOf(entry);
    const before = alias === undefined ? undefined : chosen.get(alias);
    const better = before?.offer === entry.offer && before.generation === 'V1' && entry.generation === 'V2';
    if (alias !== undefined && (before === undefined || better)) chosen.set(alias, entry);
  }
  const byOs: Record<'Linux' | 'Windows', Record<string, object>> = { Linux: {}, Windows: {} };
  for (const [alias, { publisher, offer, sku, osType, architecture }] of chosen) {
    byOs[osType][alias] = { publisher, offer, sku, version: 'latest', architecture };
  }
  return {
    $schema: 'http://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json',
    contentVersion: '1.0.0.0',
    parameters: {},
    variables: {},
    resources: [],
    outputs: { aliases: { type: 'object', value: byOs } },
  };
}

const systems = [
  ['ubuntu', 'Ubuntu'],
  ['debian', 'Debian'],
  ['almalinux', 'AlmaLinux'],
  ['rockylinux', 'RockyLinux'],
] as const;

/** `Debian12`, `Ubuntu2204`; undefined when neither offer nor sku tells system and version. */
function aliasOf({ offer, sku }: CatalogueEntry): string | undefined {
  const text = `${offer} ${sku}`.toLowerCase();
  const system = systems.find(([word]) => text.includes(word));
  const version = /(?:^|[ -])(\d{2}_\d{2}|\d{1,2})(?=$|[ -])/.exec(text)?.[1];
  return system === undefined || version === undefined ? undefined : system[1] + version.replace('_', '');
}
