/** Rules of sources. */
import { compute, definition, managed, p, platform, source, target, testRules } from './rule-table.ts';

testRules([
  {
    rule: 'image ids are well-formed',
    passes: [managed({}), source({ type: 'ManagedImage', imageId: `${compute}/images/i` })],
    refused: [
      {
        body: managed({ imageId: definition }),
        path: `${target}.imageId`,
        says: /Microsoft.Compute\/images/,
      },
      { body: managed({ imageId: `${compute}/images/<imageName>` }), path: `${target}.imageId` },
      {
        body: source({ type: 'ManagedImage', imageId: 'image' }),
        path: `${p}.source.imageId`,
        says: /Field 'imageId' has a bad value: 'image'/,
      },
    ],
  },
  {
    rule: 'a gallery source names a version',
    passes: [source({ type: 'SharedImageVersion', imageVersionId: `${definition}/versions/1.0.0` })],
    refused: [definition, `${definition}/versions/1`, 'x'].map((imageVersionId) => ({
      body: source({ type: 'SharedImageVersion', imageVersionId }),
      path: `${p}.source.imageVersionId`,
    })),
  },
  {
    rule: 'a gallery source cannot be latest before 2022-07-01',
    until: '2022-02-14',
    passes: [],
    refused: [
      {
        body: source({ type: 'SharedImageVersion', imageVersionId: `${definition}/versions/latest` }),
        path: `${p}.source.imageVersionId`,
      },
    ],
  },
  {
    rule: 'a gallery source may be latest',
    since: '2022-07-01',
    passes: [source({ type: 'SharedImageVersion', imageVersionId: `${definition}/versions/latest` })],
    refused: [],
  },
  {
    rule: 'words of a platform image are safe names',
    passes: [platform({}), platform({ version: '20.04.202401010', exactVersion: '1.2.3' })],
    refused: ['publisher', 'offer', 'sku', 'version'].flatMap((field) =>
      ['', '../x', 'a b', '-rf', '$(id)', 'x'.repeat(200)].map((value) => ({
        body: platform({ [field]: value }),
        path: `${p}.source.${field}`,
      })),
    ),
  },
  {
    rule: 'planInfo has all three fields or is left out',
    passes: [platform({ planInfo: { planName: 'n', planProduct: 'p', planPublisher: 'q' } })],
    refused: [
      {
        body: platform({ planInfo: { planName: 'n', planProduct: 'p' } }),
        path: `${p}.source.planInfo.planPublisher`,
        code: 'MissingField',
      },
      {
        body: platform({ planInfo: { planPublisher: 'p' } }),
        path: `${p}.source.planInfo.planName`,
        code: 'MissingField',
      },
    ],
  },
]);
