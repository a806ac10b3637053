/**
 * Children that have ids of their own and are shown inside of their parent, too: subnets of a virtual network, rules of
 * a security group. They are stored once, as children; a PUT of the parent with a list of them replaces them all.
 */
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import { listAll } from '../../store/list-all.ts';
import type { ResourceRecord } from '../../store/records.ts';
import type { Repositories, ResourceRepository } from '../../store/store.ts';
import { stamp } from '../arm/system-data.ts';
import type { ArmRequest } from '../resource-provider.ts';

export interface InlineChild {
  readonly name: string;
  readonly properties: JsonObject;
}

export async function childrenOf(
  resources: Pick<ResourceRepository, 'list'>,
  parent: Pick<ResourceRecord, 'id' | 'type'>,
  type: string,
): Promise<readonly ResourceRecord[]> {
  return Array.fromAsync(listAll(resources, { under: parent.id, type: `${parent.type}/${type}` }));
}

export interface ReplaceChildren {
  readonly parent: ResourceRecord;
  /** Below the parent's, for example `subnets`. */
  readonly type: string;
  readonly children: readonly InlineChild[];
  readonly request: Pick<ArmRequest, 'principal'>;
  readonly now: Date;
  /** Throws ArmError when the child must stay. */
  readonly removing: (child: ResourceRecord) => Promise<void>;
}

export async function replaceChildren({ resources }: Repositories, change: ReplaceChildren): Promise<void> {
  const { parent, type, children, request, now, removing } = change;
  const old = new Map(
    (await childrenOf(resources, parent, type)).map((child) => [child.name.toLowerCase(), child]),
  );
  for (const { name, properties } of children) {
    const before = old.get(name.toLowerCase());
    old.delete(name.toLowerCase());
    const body = { properties: { ...properties, provisioningState: 'Succeeded' } };
    if (before !== undefined && sameJson(before.body, body)) continue;
    const draft = {
      id: before?.id ?? `${parent.id}/${type}/${name}`,
      type: `${parent.type}/${type}`,
      name: before?.name ?? name,
      subscriptionId: parent.subscriptionId,
      resourceGroup: parent.resourceGroup,
      ...{ location: undefined, tags: {}, body, secret: undefined },
      ...stamp(request.principal, now, before),
    };
    await (before === undefined ? resources.insert(draft) : resources.replace(draft));
  }
  for (const gone of old.values()) {
    await removing(gone);
    await resources.remove(gone.id);
  }
}

/** Equal but for the order of the fields. */
function sameJson(one: JsonObject, two: JsonObject): boolean {
  return JSON.stringify(one, ordered) === JSON.stringify(two, ordered);
}

function ordered(_: string, value: unknown): unknown {
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
