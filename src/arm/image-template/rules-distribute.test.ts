/** Rules of the list of targets and of VHDs. */
import { bodyWith, compute, definition, many, p, target, testRules, vhd } from './rule-table.ts';

testRules([
  {
    rule: 'run output names have 1 to 64 letters, digits and - _ .',
    passes: ['a', 'A-Z_0.9', 'x'.repeat(64)].map((runOutputName) => vhd({ runOutputName })),
    refused: ['', 'a b', 'a/b', '../x', 'ü', 'a\n', 'x'.repeat(65), 7].map((runOutputName) => ({
      body: vhd({ runOutputName }),
      path: `${target}.runOutputName`,
      code: 'BadValue',
      says: /Field 'runOutputName' has a bad value/,
    })),
  },
  {
    rule: 'run output names are unique without regard to case',
    passes: [
      bodyWith({
        distribute: [
          { type: 'VHD', runOutputName: 'a' },
          { type: 'VHD', runOutputName: 'b' },
        ],
      }),
    ],
    refused: [
      {
        body: bodyWith({
          distribute: [
            { type: 'VHD', runOutputName: 'a' },
            { type: 'VHD', runOutputName: 'A' },
          ],
        }),
        path: `${p}.distribute[1].runOutputName`,
        code: 'Duplicate',
      },
    ],
  },
  {
    rule: 'there is at least one target, and not too many',
    passes: [bodyWith({})],
    refused: [
      { body: bodyWith({ distribute: [] }), path: `${p}.distribute`, says: /at least one/ },
      {
        body: bodyWith({ distribute: many(101, (index) => ({ type: 'VHD', runOutputName: `v${index}` })) }),
        path: `${p}.distribute`,
        code: 'TooLong',
      },
    ],
  },
  {
    rule: 'no two targets write to the same image',
    passes: [
      bodyWith({
        distribute: ['a', 'b'].map((name) => ({
          type: 'SharedImage',
          runOutputName: name,
          galleryImageId: `${definition}${name}`,
        })),
      }),
    ],
    refused: [
      {
        body: bodyWith({
          distribute: [`${compute}/images/i`, `${compute}/images/I`].map((imageId, index) => ({
            type: 'ManagedImage',
            runOutputName: `m${index}`,
            imageId,
            location: 'a',
          })),
        }),
        path: `${p}.distribute[1].imageId`,
        code: 'Duplicate',
      },
      {
        body: bodyWith({
          distribute: [definition, definition.toUpperCase()].map((id, index) => ({
            type: 'SharedImage',
            runOutputName: `g${index}`,
            galleryImageId: id,
          })),
        }),
        path: `${p}.distribute[1].galleryImageId`,
        code: 'Duplicate',
      },
    ],
  },
  {
    rule: 'a VHD uri is an http(s) URL or a path, or empty',
    since: '2022-07-01',
    passes: ['', 'https://a.blob.core.windows.net/vhds/x.vhd', '/srv/x.vhd', 'out/x.vhd'].map((uri) =>
      vhd({ uri }),
    ),
    refused: [
      ...['ftp://a/x.vhd', 'https://u:p@a/x.vhd'].map((uri) => ({
        body: vhd({ uri }),
        path: `${target}.uri`,
      })),
      {
        body: bodyWith({
          distribute: ['a', 'b'].map((name) => ({ type: 'VHD', runOutputName: name, uri: '/srv/x.vhd' })),
        }),
        path: `${p}.distribute[1].uri`,
        code: 'Duplicate',
      },
    ],
  },
]);
