/** Rules of gallery targets. */
import { compute, definition, gallery, many, target, testRules } from './rule-table.ts';

testRules([
  {
    rule: 'a gallery target names a definition or a version x.y.z',
    passes: [definition, `${definition}/versions/1.0.0`].map((galleryImageId) => gallery({ galleryImageId })),
    refused: [
      `${definition}/versions/latest`,
      `${definition}/versions/1.0`,
      `${definition}/versions/1.0.0-rc1`,
      `${compute}/images/i`,
      `${definition}/`,
      'd',
    ].map((galleryImageId) => ({
      body: gallery({ galleryImageId }),
      path: `${target}.galleryImageId`,
    })),
  },
  {
    rule: 'replication regions are named once',
    passes: [gallery({ replicationRegions: ['westus2', 'East US'] }), gallery({ replicationRegions: [] })],
    refused: [
      {
        body: gallery({ replicationRegions: ['westus2', 'West US 2'] }),
        path: `${target}.replicationRegions[1]`,
        code: 'Duplicate',
      },
      { body: gallery({ replicationRegions: ['../etc'] }), path: `${target}.replicationRegions[0]` },
      {
        body: gallery({ replicationRegions: many(101, (index) => `region${index}`) }),
        path: `${target}.replicationRegions`,
        code: 'TooLong',
      },
    ],
  },
  {
    rule: 'storage types before 2022-07-01 are Standard_LRS and Standard_ZRS',
    until: '2022-02-14',
    passes: [gallery({ replicationRegions: ['a'], storageAccountType: 'Standard_ZRS' })],
    refused: [
      {
        body: gallery({ replicationRegions: ['a'], storageAccountType: 'Premium_LRS' }),
        path: `${target}.storageAccountType`,
      },
    ],
  },
  {
    rule: 'storage types include Premium_LRS',
    since: '2022-07-01',
    passes: ['Standard_LRS', 'Standard_ZRS', 'Premium_LRS'].map((storageAccountType) =>
      gallery({ replicationRegions: ['a'], storageAccountType }),
    ),
    refused: [
      {
        body: gallery({ replicationRegions: ['a'], storageAccountType: 'premium_lrs' }),
        path: `${target}.storageAccountType`,
        suggestion: 'Premium_LRS',
      },
      {
        body: gallery({ targetRegions: [{ name: 'a', storageAccountType: 'UltraSSD' }] }),
        path: `${target}.targetRegions[0].storageAccountType`,
      },
    ],
  },
  {
    rule: 'targetRegions and the deprecated fields do not mix',
    since: '2022-07-01',
    passes: [
      gallery({ targetRegions: [{ name: 'a' }] }),
      gallery({ replicationRegions: ['a'] }),
      gallery({}),
    ],
    refused: [
      {
        body: gallery({ targetRegions: [{ name: 'a' }], replicationRegions: ['a'] }),
        path: `${target}.replicationRegions`,
        code: 'FieldConflict',
      },
      {
        body: gallery({ targetRegions: [{ name: 'a' }], storageAccountType: 'Standard_LRS' }),
        path: `${target}.storageAccountType`,
        code: 'FieldConflict',
      },
      {
        body: gallery({ storageAccountType: 'Standard_LRS' }),
        path: `${target}.storageAccountType`,
        code: 'FieldConflict',
      },
    ],
  },
  {
    rule: 'a target region has a name and 1 to 100 replicas, once',
    since: '2022-07-01',
    passes: [
      gallery({
        targetRegions: [
          { name: 'a', replicaCount: 1 },
          { name: 'b', replicaCount: 100 },
        ],
      }),
    ],
    refused: [
      ...[0, -1, 101, 1.5, '2'].map((replicaCount) => ({
        body: gallery({ targetRegions: [{ name: 'a', replicaCount }] }),
        path: `${target}.targetRegions[0].replicaCount`,
      })),
      {
        body: gallery({ targetRegions: [{}] }),
        path: `${target}.targetRegions[0].name`,
        code: 'MissingField',
      },
      {
        body: gallery({ targetRegions: [{ name: 'a' }, { name: 'A' }] }),
        path: `${target}.targetRegions[1].name`,
        code: 'Duplicate',
      },
    ],
  },
  {
    rule: 'versioning is Latest with an optional major of at least -1, or Source, and not for an explicit version',
    since: '2022-07-01',
    passes: [
      { scheme: 'Latest' },
      { scheme: 'Latest', major: -1 },
      { scheme: 'Latest', major: 3 },
      { scheme: 'Source' },
    ].map((versioning) => gallery({ versioning })),
    refused: [
      { body: gallery({ versioning: { scheme: 'Latest', major: -2 } }), path: `${target}.versioning.major` },
      {
        body: gallery({ versioning: { scheme: 'latest' } }),
        path: `${target}.versioning.scheme`,
        suggestion: 'Latest',
      },
      { body: gallery({ versioning: {} }), path: `${target}.versioning.scheme`, code: 'MissingField' },
      {
        body: gallery({ versioning: { scheme: 'Source' }, galleryImageId: `${definition}/versions/1.0.0` }),
        path: `${target}.versioning`,
        code: 'FieldConflict',
      },
    ],
  },
  {
    rule: 'replicationMode is Full or Shallow',
    since: '2025-10-01',
    passes: ['Full', 'Shallow'].map((replicationMode) => gallery({ replicationMode })),
    refused: [
      {
        body: gallery({ replicationMode: 'shallow' }),
        path: `${target}.replicationMode`,
        suggestion: 'Shallow',
      },
    ],
  },
]);
