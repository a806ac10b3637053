/** Rules of the envelope: required fields, kinds, identity, location, tags. */
import {
  bodyWith,
  gallery,
  identity,
  managed,
  many,
  p,
  shell,
  source,
  step,
  target,
  testRules,
  vhd,
} from './rule-table.ts';

testRules([
  {
    rule: 'required fields are there',
    passes: [bodyWith({})],
    refused: [
      { body: { identity: { type: 'None' }, properties: bodyWith({})['properties'] }, path: '$.location' },
      { body: { location: 'a', properties: bodyWith({})['properties'] }, path: '$.identity' },
      { body: { location: 'a', identity: { type: 'None' } }, path: '$.properties' },
      { body: bodyWith({ source: null }), path: `${p}.source` },
      { body: bodyWith({ distribute: null }), path: `${p}.distribute` },
      { body: bodyWith({}, { identity: {} }), path: '$.identity.type' },
      {
        body: source({}),
        path: `${p}.source.type`,
        says: /'PlatformImage', 'ManagedImage', 'SharedImageVersion'/,
      },
      { body: source({ type: 'ManagedImage' }), path: `${p}.source.imageId` },
      { body: source({ type: 'SharedImageVersion' }), path: `${p}.source.imageVersionId` },
      {
        body: source({ type: 'PlatformImage', offer: 'o', sku: 's', version: 'v' }),
        path: `${p}.source.publisher`,
      },
      { body: shell({}), path: step, says: /Missing field 'inline' or 'scriptUri'/ },
      { body: bodyWith({ customize: [{ type: 'File', destination: '/a' }] }), path: `${step}.sourceUri` },
      { body: bodyWith({ customize: [{ type: 'File', sourceUri: 'a' }] }), path: `${step}.destination` },
      { body: bodyWith({ distribute: [{ type: 'VHD' }] }), path: `${target}.runOutputName` },
      { body: managed({ location: null }), path: `${target}.location` },
      { body: managed({ imageId: null }), path: `${target}.imageId` },
      { body: gallery({ galleryImageId: null }), path: `${target}.galleryImageId` },
    ].map((refused) => ({ code: 'MissingField', says: /^Missing field '/, ...refused })),
  },
  {
    rule: 'kinds are spelt exactly',
    passes: [bodyWith({})],
    refused: [
      {
        body: bodyWith({ customize: [{ type: 'shell', inline: ['x'] }] }),
        path: `${step}.type`,
        suggestion: 'Shell',
      },
      {
        body: bodyWith({ customize: [{ type: 'Powershell' }] }),
        path: `${step}.type`,
        suggestion: 'PowerShell',
      },
      {
        body: bodyWith({ customize: [{ type: 'Ansible' }] }),
        path: `${step}.type`,
        says: /'Shell', 'PowerShell', 'WindowsRestart', 'WindowsUpdate', 'File'/,
      },
      {
        body: bodyWith({ distribute: [{ type: 'managedImage' }] }),
        path: `${target}.type`,
        suggestion: 'ManagedImage',
      },
      {
        body: bodyWith({ distribute: [{ type: 'sharedImage' }] }),
        path: `${target}.type`,
        suggestion: 'SharedImage',
      },
      { body: bodyWith({ distribute: [{ type: 'Vhd' }] }), path: `${target}.type`, suggestion: 'VHD' },
      { body: source({ type: 'platformImage' }), path: `${p}.source.type`, suggestion: 'PlatformImage' },
      {
        body: source({ type: 'ISO' }),
        path: `${p}.source.type`,
        says: /Field 'type' has a bad value: 'ISO'/,
      },
      { body: bodyWith({}, { identity: { type: 'none' } }), path: '$.identity.type', suggestion: 'None' },
      {
        body: bodyWith({}, { identity: { type: 'SystemAssigned' } }),
        path: '$.identity.type',
        says: /'UserAssigned', 'None'/,
      },
    ],
  },
  {
    rule: 'the identity is None, or UserAssigned with exactly one identity id',
    passes: [
      bodyWith(
        {},
        {
          identity: {
            type: 'UserAssigned',
            userAssignedIdentities: { [identity]: { clientId: 'x', principalId: 'y' } },
          },
        },
      ),
    ],
    refused: [
      {
        body: bodyWith({}, { identity: { type: 'UserAssigned' } }),
        path: '$.identity.userAssignedIdentities',
        code: 'MissingField',
      },
      {
        body: bodyWith({}, { identity: { type: 'UserAssigned', userAssignedIdentities: {} } }),
        path: '$.identity.userAssignedIdentities',
        code: 'MissingField',
      },
      {
        body: bodyWith(
          {},
          {
            identity: {
              type: 'UserAssigned',
              userAssignedIdentities: { [identity]: {}, [`${identity}2`]: {} },
            },
          },
        ),
        path: '$.identity.userAssignedIdentities',
        says: /at most one/,
      },
      {
        body: bodyWith({}, { identity: { type: 'UserAssigned', userAssignedIdentities: { me: {} } } }),
        path: '$.identity.userAssignedIdentities.me',
      },
      {
        body: bodyWith({}, { identity: { type: 'None', userAssignedIdentities: { [identity]: {} } } }),
        path: '$.identity.userAssignedIdentities',
        code: 'FieldConflict',
      },
    ],
  },
  {
    rule: 'locations are names of regions',
    passes: ['westus2', 'West US 2'].map((location) => bodyWith({}, { location })),
    refused: ['', ' ', '../x', '<region>', '[resourceGroup().location]', 'x'.repeat(100), 7].map(
      (location) => ({ body: bodyWith({}, { location }), path: '$.location' }),
    ),
  },
  {
    rule: 'tags stay within the limits of Azure',
    passes: [
      bodyWith({}, { tags: { a: '', 'with blank': 'x' } }),
      vhd({
        artifactTags: Object.fromEntries(many(50, (index) => [`t${index}`, 'x']).filter(Array.isArray)),
      }),
    ],
    refused: [
      { body: bodyWith({}, { tags: { a: 1 } }), path: '$.tags.a' },
      { body: bodyWith({}, { tags: { 'a/b': 'x' } }), path: "$.tags['a/b']" },
      { body: bodyWith({}, { tags: { a: 'x'.repeat(257) } }), path: '$.tags.a' },
      { body: bodyWith({}, { tags: [] }), path: '$.tags' },
      {
        body: bodyWith(
          {},
          { tags: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`t${index}`, 'x'])) },
        ),
        path: '$.tags',
        code: 'TooLong',
      },
    ],
  },
]);
