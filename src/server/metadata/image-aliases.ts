/** Short names of platform images (`az vm image list` without `--all`, `--image Debian12` of many commands). */
import type { CatalogueEntry } from '../../images/catalogue/catalogue-file.ts';

/** The alias document in the shape that Azure publishes: one alias for each offer and sku of generation 2 or only generation. */
export function imageAliases(catalogue: readonly CatalogueEntry[]): object {
  const byOs: Record<'Linux' | 'Windows', Record<string, object>> = { Linux: {}, Windows: {} };
  for (const { publisher, offer, sku, osType, architecture } of catalogue) {
    const alias = aliasOf(offer, sku);
    byOs[osType][alias] ??= { publisher, offer, sku, version: 'latest', architecture };
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

/** `Debian12` for the sku `12` of `debian-12`, `Debian12Gen2` for `12-gen2`; anything else is the two in one word. */
function aliasOf(offer: string, sku: string): string {
  const words = offer.split('-').concat(sku.split('-').filter((word) => !offer.split('-').includes(word)));
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}
