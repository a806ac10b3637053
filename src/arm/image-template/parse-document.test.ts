import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiVersions } from '../api-versions/supported.ts';
import { parseTemplateDocument, type ParsedTemplate } from './parse-document.ts';

const resource = {
  type: 'Microsoft.VirtualMachineImages/imageTemplates',
  apiVersion: '2024-02-01',
  name: 'web',
  location: 'westus2',
  dependsOn: [],
  identity: { type: 'None' },
  properties: {
    source: { type: 'PlatformImage', publisher: 'p', offer: 'o', sku: 's', version: 'latest' },
    customize: [{ type: 'Shell', inline: ['[ -d /srv ]'] }],
    distribute: [{ type: 'VHD', runOutputName: 'v' }],
  },
};
const armTemplate = (...resources: readonly object[]) => ({
  $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
  contentVersion: '1.0.0.0',
  resources,
});
const parse = (document: unknown, options = {}) => parseTemplateDocument(JSON.stringify(document), options);

test('a bare body gives its api-version, name and template, and brackets in it are plain text', () => {
  const parsed = accepted(parse(resource));
  assert.equal(parsed.apiVersion, '2024-02-01');
  assert.equal(parsed.template.name, 'web');
  assert.deepEqual(parsed.template.customize[0], {
    type: 'Shell',
    name: undefined,
    script: { from: 'inline', lines: ['[ -d /srv ]'] },
  });
});

test('the type may be left out, lack /imageTemplates, or come in another case', () => {
  for (const type of [
    undefined,
    'Microsoft.VirtualMachineImages',
    'microsoft.virtualmachineimages/IMAGETEMPLATES',
  ]) {
    assert.ok(parse({ ...resource, type }).ok, type);
  }
  refused(parse({ ...resource, type: 'Microsoft.Compute/images' }), ['$.type']);
});

test('every api-version can be named in the document', () => {
  for (const apiVersion of apiVersions)
    assert.equal(accepted(parse({ ...resource, apiVersion })).apiVersion, apiVersion);
});

test('without an api-version the default is used, the newest if none is given', () => {
  const { apiVersion: _, ...bare } = resource;
  assert.equal(accepted(parse(bare)).apiVersion, '2025-10-01');
  assert.equal(accepted(parse(bare, { defaultApiVersion: '2022-02-14' })).apiVersion, '2022-02-14');
  assert.equal(accepted(parse(resource, { defaultApiVersion: '2022-02-14' })).apiVersion, '2024-02-01');
});

test("the caller's api-version wins over the document's", () => {
  assert.equal(accepted(parse(resource, { apiVersion: '2020-02-14' })).apiVersion, '2020-02-14');
  const parsed = refused(parse(resource, { apiVersion: '2019-01-01' }), ['$']);
  assert.equal(parsed.issues[0]?.code, 'UnsupportedApiVersion');
});

test('unknown and preview api-versions are refused with the list of those that are known', () => {
  for (const apiVersion of ['2024-02-02', '2019-05-01-preview', '', 7, '[parameters(']) {
    const [issue] = refused(parse({ ...resource, apiVersion }), ['$.apiVersion']).issues;
    assert.match(issue?.expected ?? '', /2020-02-14.*2025-10-01/);
  }
  assert.match(
    refused(parse({ ...resource, apiVersion: '2019-05-01-preview' }), ['$.apiVersion']).issues[0]?.message ??
      '',
    /Preview/,
  );
  assert.equal(
    refused(parse({ ...resource, apiVersion: '2024-02-2' }), ['$.apiVersion']).issues[0]?.suggestion,
    '2024-02-01',
  );
});

test('a bad name is an issue', () => {
  for (const name of ['a b', '../x', '', 'x'.repeat(65), 7])
    refused(parse({ ...resource, name }), ['$.name']);
});

test('an ARM template file with one image template is read, with paths from the document root', () => {
  assert.equal(accepted(parse(armTemplate({ ...resource, properties: withLine('x') }))).template.name, 'web');
  const broken = { ...resource, location: 7, properties: withLine('x') };
  refused(parse(armTemplate(broken)), ['$.resources[0].location']);
});

test('resources with symbolic names are read', () => {
  const document = {
    ...armTemplate(),
    resources: { image: { ...resource, location: 7, properties: withLine('x') } },
  };
  refused(parse(document), ['$.resources.image.location']);
});

test('other resources of an ARM template give a warning', () => {
  const identity = { type: 'Microsoft.ManagedIdentity/userAssignedIdentities', name: "[variables('x')]" };
  const parsed = accepted(parse(armTemplate(identity, { ...resource, properties: withLine('x') })));
  assert.deepEqual(
    parsed.warnings.map(({ path }) => path),
    ['$.resources[0]'],
  );
});

test('an ARM template with no image template, or with two, is refused', () => {
  refused(parse(armTemplate()), ['$.resources']);
  refused(parse(armTemplate(resource, resource)), ['$.resources']);
  refused(parse({ $schema: 'x' }), ['$.resources']);
  refused(parse({ $schema: 'x', resources: 'y' }), ['$.resources']);
});

test('copy loops and conditions are refused', () => {
  refused(parse(armTemplate({ ...resource, copy: {}, condition: '[equals(1,2)]' })), [
    '$.resources[0].copy',
    '$.resources[0].condition',
  ]);
});

test('a parameters file is told from a template', () => {
  const $schema = 'https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#';
  const parsed = refused(parse({ $schema, contentVersion: '1.0.0.0', parameters: {} }), ['$.$schema']);
  assert.match(parsed.issues[0]?.message ?? '', /parameters file/);
});

test('every ARM expression is named, as a value and as a field name, and reported once', () => {
  const document = armTemplate({
    ...resource,
    name: "[parameters('imageTemplateName')]",
    location: '[resourceGroup().location]',
    dependsOn: ["[resourceId('a', 'b')]"],
    identity: { type: 'UserAssigned', userAssignedIdentities: { "[parameters('id')]": {} } },
    properties: withLine("[concat('a', 'b')]"),
  });
  const parsed = parse(document);
  assert.ok(!parsed.ok);
  assert.deepEqual(
    parsed.issues.map(({ path, code, value }) => ({ path, code, value })),
    [
      ['$.resources[0].name', "[parameters('imageTemplateName')]"],
      ['$.resources[0].location', '[resourceGroup().location]'],
      ["$.resources[0].identity.userAssignedIdentities['[parameters('id')]']", "[parameters('id')]"],
      ['$.resources[0].properties.customize[0].inline[0]', "[concat('a', 'b')]"],
    ].map(([path, value]) => ({ path, code: 'ExpressionNotSupported', value })),
  );
});

test('an api-version that is an expression is refused unless the caller names one', () => {
  const document = armTemplate({
    ...resource,
    apiVersion: "[parameters('api-version')]",
    properties: withLine('x'),
  });
  refused(parse(document), ['$.resources[0].apiVersion']);
  assert.equal(accepted(parse(document, { apiVersion: '2020-02-14' })).apiVersion, '2020-02-14');
});

test('a doubled bracket is a literal one, an unclosed one stands for itself', () => {
  for (const [text, literal] of [
    ['[[ -d /srv ]', '[ -d /srv ]'],
    ['[ -d /srv ] || exit 1', '[ -d /srv ] || exit 1'],
    ['[[x] y', '[[x] y'],
  ]) {
    const { template } = accepted(parse(armTemplate({ ...resource, properties: withLine(text ?? '') })));
    assert.deepEqual(template.customize[0], {
      type: 'Shell',
      name: undefined,
      script: { from: 'inline', lines: [literal] },
    });
  }
});

test('what is not a JSON object is refused', () => {
  for (const document of [null, 7, 'x', true, [], [resource]]) refused(parse(document), ['$']);
});

test('a repeated key is refused together with everything else', () => {
  const text = JSON.stringify(resource).replace('"location":"westus2"', '"location":"a","location":7');
  refused(parseTemplateDocument(text), ['$.location', '$.location']);
});

test('a report ends after a hundred issues and says so', () => {
  const customize = Array.from({ length: 500 }, () => ({ type: 'Shell' }));
  const parsed = parse({ ...resource, properties: { ...resource.properties, customize } });
  assert.ok(!parsed.ok);
  assert.equal(parsed.issues.length, 101);
  assert.equal(parsed.issues.at(-1)?.code, 'TooManyIssues');
});

test('millions of faults make a short report', () => {
  const inline = Array.from({ length: 5000 }, () => 1);
  const customize = Array.from({ length: 100 }, () => ({ type: 'Shell', inline }));
  const parsed = parse({ ...resource, properties: { ...resource.properties, customize } });
  assert.ok(!parsed.ok);
  assert.equal(parsed.issues.length, 101);
  assert.ok(parsed.issues.some(({ message }) => message.includes('20000 list entries')));
});

function withLine(line: string): object {
  return { ...resource.properties, customize: [{ type: 'Shell', inline: [line] }] };
}

function accepted(parsed: ParsedTemplate) {
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed;
}

function refused(parsed: ParsedTemplate, paths: readonly string[]) {
  assert.ok(!parsed.ok, JSON.stringify(parsed));
  assert.deepEqual(
    parsed.issues.map(({ path }) => path),
    paths,
  );
  return parsed;
}
