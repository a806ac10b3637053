/** `networkSecurityGroups` and their `securityRules`, which are shown and written inside of them, too. */
import { z } from 'zod';
import { ArmError } from '../../arm/arm-error.ts';
import { list, optional, readOnly } from '../../arm/wire/scalars.ts';
import { documentType } from '../arm/document-type.ts';
import { readBody } from '../arm/request-body.ts';
import type { ResourceTypeDefinition } from '../resource-provider.ts';
import { childrenOf, replaceChildren } from './inline-children.ts';
import type { NetworkDeps } from './provider.ts';
import {
  networkNamespace,
  networkWire,
  networkWireWith,
  requireNetworkName,
  resourceGuid,
  serviceFields,
} from './network-wire.ts';
import { findUser } from './references.ts';
import { checkRules, defaultRules, ruleContent, ruleProperties } from './security-rules.ts';

const rule = z.object({ name: z.string().max(256), id: readOnly, properties: ruleProperties });
const body = z.object({
  properties: optional(
    z.object({
      ...serviceFields,
      securityRules: optional(list(rule, 1000)),
      defaultSecurityRules: readOnly,
      flushConnection: optional(z.boolean()),
    }),
  ),
});
const ruleBody = z.object({ properties: ruleProperties });

export function securityGroups(deps: NetworkDeps, apiVersions: readonly string[]): ResourceTypeDefinition {
  const { store, now, newId } = deps;
  return documentType({
    ...{ store, now, apiVersions, body },
    namespace: networkNamespace,
    type: 'networkSecurityGroups',
    location: 'regional',
    patch: 'tags',
    complete: ({ request, body: { properties = {} }, before }) => {
      requireNetworkName(before?.name ?? request.target.names.at(-1) ?? '');
      for (const { name } of properties.securityRules ?? []) requireNetworkName(name);
      return { properties: { resourceGuid: resourceGuid(before, newId) } };
    },
    written: async (repositories, record, request) => {
      const rules = request.method === 'PUT' ? readBody(request, body).properties?.securityRules : undefined;
      if (rules !== undefined) {
        await replaceChildren(repositories, {
          ...{ parent: record, type: 'securityRules', request, now: now() },
          children: rules.map(({ name, properties }) => ({
            name,
            properties: ruleContent(name, properties),
          })),
          removing: async () => undefined,
        });
      }
      checkRules(await childrenOf(repositories.resources, record, 'securityRules'));
    },
    removing: async ({ resources }, record) => {
      const user = await findUser(resources, record);
      if (user === undefined) return;
      throw new ArmError(
        400,
        'InUseNetworkSecurityGroupCannotBeDeleted',
        `Network security group ${record.id} cannot be deleted because it is in use by the following resources: ${user.id}. In order to delete the Network security group, remove the association with the resource(s).`,
      );
    },
    toWire: async (record) => {
      const rules = await childrenOf(store.resources, record, 'securityRules');
      return networkWireWith(record, {
        securityRules: rules.map(networkWire),
        defaultSecurityRules: defaultRules(record),
      });
    },
  });
}

export function securityRules(
  { store, now }: NetworkDeps,
  apiVersions: readonly string[],
): ResourceTypeDefinition {
  return documentType({
    ...{ store, now, apiVersions },
    body: ruleBody,
    namespace: networkNamespace,
    type: 'networkSecurityGroups/securityRules',
    location: 'global',
    patch: 'none',
    complete: ({ request, body: { properties }, before }) => {
      const name = before?.name ?? request.target.names.at(-1) ?? '';
      requireNetworkName(name);
      return { properties: ruleContent(name, properties) };
    },
    written: async ({ resources }, record) => {
      const id = record.id.split('/').slice(0, -2).join('/');
      const all = await childrenOf(
        resources,
        { id, type: 'Microsoft.Network/networkSecurityGroups' },
        'securityRules',
      );
      // The one that was written last is the one that conflicts.
      checkRules([...all.filter((other) => other.id !== record.id), record]);
    },
    toWire: networkWire,
  });
}
