/**
 * For tests of the rules of the wire: bodies that differ from a legal one in one place, and a runner that
 * holds what passes and what does not against every api-version that has the rule.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { apiVersions, type ApiVersion } from '../api-versions/supported.ts';
import { parseTemplateBody } from './parse-document.ts';

export const group = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg';
export const compute = `${group}/providers/Microsoft.Compute`;
export const definition = `${compute}/galleries/g/images/d`;
export const vnet = `${group}/providers/Microsoft.Network/virtualNetworks/v`;
export const identity = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u`;
export const sha256 = 'ab'.repeat(32);
export const many = (count: number, of: (index: number) => unknown) =>
  Array.from({ length: count }, (_, index) => of(index));

export type Json = Readonly<Record<string, unknown>>;

/** A legal body in which `changes` replace fields of `properties`, and `envelope` fields beside it. */
export function bodyWith(changes: Json, envelope: Json = {}): Json {
  return {
    location: 'westus2',
    identity: { type: 'None' },
    ...envelope,
    properties: {
      source: {
        type: 'PlatformImage',
        publisher: 'Debian',
        offer: 'debian-12',
        sku: '12-gen2',
        version: 'latest',
      },
      distribute: [{ type: 'VHD', runOutputName: 'vhd' }],
      ...changes,
    },
  };
}
export const shell = (fields: Json) => bodyWith({ customize: [{ type: 'Shell', ...fields }] });
export const powerShell = (fields: Json) =>
  bodyWith({ customize: [{ type: 'PowerShell', inline: ['x'], ...fields }] });
export const fileCopy = (fields: Json) =>
  bodyWith({ customize: [{ type: 'File', sourceUri: 'a', destination: '/tmp/a', ...fields }] });
export const restart = (fields: Json) => bodyWith({ customize: [{ type: 'WindowsRestart', ...fields }] });
export const update = (fields: Json) => bodyWith({ customize: [{ type: 'WindowsUpdate', ...fields }] });
export const gallery = (fields: Json) =>
  bodyWith({
    distribute: [{ type: 'SharedImage', runOutputName: 'g', galleryImageId: definition, ...fields }],
  });
export const managed = (fields: Json) =>
  bodyWith({
    distribute: [
      {
        type: 'ManagedImage',
        runOutputName: 'm',
        imageId: `${compute}/images/i`,
        location: 'westus2',
        ...fields,
      },
    ],
  });
export const vhd = (fields: Json) =>
  bodyWith({ distribute: [{ type: 'VHD', runOutputName: 'v', ...fields }] });
export const source = (fields: Json) => bodyWith({ source: fields });
export const platform = (fields: Json) =>
  source({ type: 'PlatformImage', publisher: 'p', offer: 'o', sku: 's', version: 'latest', ...fields });
export const network = (fields: Json) => bodyWith({ vmProfile: { vnetConfig: fields } });
export const validate = (fields: Json) => bodyWith({ validate: fields });

export interface Refused {
  readonly body: Json;
  readonly path: string;
  readonly code?: string;
  readonly says?: RegExp;
  readonly suggestion?: string;
}
export interface Rule {
  readonly rule: string;
  readonly since?: ApiVersion;
  readonly until?: ApiVersion;
  readonly passes: readonly Json[];
  readonly refused: readonly Refused[];
}

export const step = '$.properties.customize[0]';
export const target = '$.properties.distribute[0]';
export const p = '$.properties';

/** Declares one suite a rule and one test an api-version. */
export function testRules(rules: readonly Rule[]): void {
  for (const { rule, since = '2020-02-14', until = '2025-10-01', passes, refused } of rules) {
    suite(rule, () => {
      for (const apiVersion of apiVersions.filter((version) => version >= since && version <= until)) {
        test(`in ${apiVersion} ${passes.length} bodies pass and ${refused.length} are refused`, () => {
          for (const body of passes) {
            const parsed = parseTemplateBody(body, apiVersion);
            assert.ok(parsed.ok, JSON.stringify({ body, parsed }));
            assert.deepEqual(parsed.warnings, []);
          }
          for (const { body, path, code, says, suggestion } of refused) {
            const parsed = parseTemplateBody(body, apiVersion);
            assert.ok(!parsed.ok, `accepted: ${JSON.stringify(body).slice(0, 500)}`);
            const found = parsed.issues.find(
              (issue) => issue.path === path && (code === undefined || issue.code === code),
            );
            const seen = JSON.stringify(parsed.issues);
            assert.ok(found, `no issue at ${path} in ${seen}`);
            if (says !== undefined) assert.match(found.message, says);
            if (suggestion !== undefined) assert.equal(found.suggestion, suggestion);
            assert.ok(parsed.issues.length <= 2, `one fault, many issues: ${seen}`);
          }
        });
      }
    });
  }
}
