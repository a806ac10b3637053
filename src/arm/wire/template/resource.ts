/** The envelope of an ARM tracked resource as image templates use it (reference 1.4). */
import { z } from 'zod';
import type { TemplateIdentity } from '../../../model/image-template.ts';
import { parseIdentityId, parseResourceGroupId, resourceIdForms } from '../../known-resource-ids.ts';
import { resourceIdKey } from '../../resource-id.ts';
import { fieldsOf, withRules, type Fields, type Finding } from '../finding.ts';
import { optional, readOnly, text } from '../scalars.ts';
import { resourceIdText, resourceIdTextOrEmpty } from './resource-id-text.ts';

/** Names of templates, run outputs and triggers. */
export const resourceNamePattern = /^[A-Za-z0-9-_.]{1,64}$/;
export const resourceNameRule = {
  expected: 'a name of 1 to 64 letters, digits, hyphens, underscores and dots',
  accepts: (value: string) => resourceNamePattern.test(value),
};

/** A region: `westus2` or, as people also write it, `West US 2`. */
export const location = text({
  expected: 'the name of a region, letters and digits',
  accepts: (value) => /^[A-Za-z0-9](?:[A-Za-z0-9 -]{0,88}[A-Za-z0-9])?$/.test(value),
});

/** Regions compare without regard to case and blanks; this form is the one kept inside. */
export function regionName(value: string): string {
  return value.toLowerCase().replaceAll(' ', '');
}

const maxTags = 50;
const maxTagName = 512;
const maxTagValue = 256;

/** A map of tags: at most 50, names up to 512 characters without `<>%&\?/`, values up to 256 (Azure's limits). */
export const tags = withRules(z.record(z.string(), z.string()), tagsWithinLimits);

/** Rule: count, names and values of tags stay within Azure's limits. */
export function tagsWithinLimits(fields: Fields): readonly Finding[] {
  const findings: Finding[] = [];
  const names = Object.keys(fields);
  if (names.length > maxTags) findings.push({ code: 'TooLong', expected: `at most ${maxTags} tags` });
  for (const name of names.slice(0, maxTags)) {
    const value = fields[name];
    if (name.length === 0 || name.length > maxTagName || /[<>%&\\?/\p{Cc}]/u.test(name)) {
      const message = `A tag name has 1 to ${maxTagName} characters and none of < > % & \\ ? /.`;
      findings.push({ path: [name], message, expected: 'a legal tag name' });
    }
    if (typeof value === 'string' && (value.length > maxTagValue || /\p{Cc}/u.test(value))) {
      findings.push({
        path: [name],
        expected: `a text of at most ${maxTagValue} characters without control characters`,
      });
    }
  }
  return findings;
}

/** An ARM id of a user-assigned identity. */
export const identityId = resourceIdText({
  expected: `the id of a user-assigned identity, ${resourceIdForms.identity}`,
  accepts: (value) => parseIdentityId(value) !== undefined,
});

/** The id of a resource group; empty means that the service makes one. */
export const stagingResourceGroup = resourceIdTextOrEmpty({
  expected: `the id of a resource group, ${resourceIdForms.resourceGroup}`,
  accepts: (value) => parseResourceGroupId(value) !== undefined,
});

/** The template's identity: `None`, or `UserAssigned` with exactly one identity. */
export const identity = withRules(
  z.object({
    type: z.enum(['UserAssigned', 'None']),
    userAssignedIdentities: optional(
      z.record(z.string(), z.object({ principalId: readOnly, clientId: readOnly })),
    ),
  }),
  identitiesFitTheIdentityType,
  identityKeysAreIdentityIds,
);

/** Rule: `UserAssigned` names one identity, `None` names none. */
export function identitiesFitTheIdentityType(fields: Fields): readonly Finding[] {
  const count = Object.keys(fieldsOf(fields['userAssignedIdentities'])).length;
  const path = ['userAssignedIdentities'];
  const type = fields['type'];
  if (type === 'UserAssigned' && count === 0) {
    const message =
      "Missing field 'userAssignedIdentities': identity type 'UserAssigned' needs one identity.";
    return [{ path, code: 'MissingField', message }];
  }
  if (type === 'UserAssigned' && count > 1) {
    const message = `Field 'userAssignedIdentities' names ${count} identities; a template has at most one.`;
    return [{ path, message, expected: 'one identity' }];
  }
  if (type === 'None' && count > 0) {
    const message = "Identity type 'None' cannot be used together with 'userAssignedIdentities'.";
    return [{ path, code: 'FieldConflict', message }];
  }
  return [];
}

/** Rule: the keys of `userAssignedIdentities` are ids of user-assigned identities, each once. */
export function identityKeysAreIdentityIds(fields: Fields): readonly Finding[] {
  const expected = `the id of a user-assigned identity, ${resourceIdForms.identity}`;
  return Object.keys(fieldsOf(fields['userAssignedIdentities']))
    .filter((key) => parseIdentityId(key) === undefined)
    .map((key) => ({ path: ['userAssignedIdentities', key], expected, shown: key.slice(0, 200) }));
}

/** Rule: a list of identity ids holds each one once. */
export function identityIdsAreUnique(ids: readonly unknown[]): readonly number[] {
  const keys = ids.map((id) => (typeof id === 'string' ? resourceIdKey(id) : id));
  return keys.flatMap((key, index) =>
    typeof key === 'string' && keys.indexOf(key) !== index ? [index] : [],
  );
}

/** Fields every version has around `properties`. */
export const trackedResource = {
  id: readOnly,
  name: readOnly,
  type: readOnly,
  systemData: readOnly,
  location,
  tags: optional(tags),
  identity,
} as const;

interface WireEnvelope {
  readonly location: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly identity: {
    readonly type: 'UserAssigned' | 'None';
    readonly userAssignedIdentities?: Readonly<Record<string, unknown>>;
  };
}

/** The part of the domain model that the envelope holds; `name` comes from outside the body. */
export function fromEnvelope(wire: WireEnvelope) {
  return {
    name: undefined,
    location: regionName(wire.location),
    tags: wire.tags ?? {},
    identity: fromIdentity(wire.identity),
  };
}

function fromIdentity(wire: WireEnvelope['identity']): TemplateIdentity {
  return { type: wire.type, userAssignedIdentities: Object.keys(wire.userAssignedIdentities ?? {}) };
}
