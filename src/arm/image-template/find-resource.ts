/**
 * Finds the one image template in a document: the document itself (a bare resource body, as
 * `az image builder create --image-template` takes it), or the only imageTemplates resource of an ARM
 * template file.
 */
import type { Issue } from '../../model/issue.ts';
import { formatJsonPath, printable, type JsonPath } from '../json/json-path.ts';
import { fieldsOf, has, type Fields } from '../wire/finding.ts';

export interface FoundResource {
  readonly path: JsonPath;
  readonly fields: Fields;
  /** True for a resource of an ARM template file, where `[…]` is an expression. */
  readonly inArmTemplate: boolean;
}

export type FindResult =
  | { readonly ok: true; readonly found: FoundResource; readonly warnings: readonly Issue[] }
  | { readonly ok: false; readonly issues: readonly Issue[] };

const templateType = 'microsoft.virtualmachineimages/imagetemplates';
const maxShown = 10;

export function findTemplateResource(document: unknown): FindResult {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    const message = 'The document is not a JSON object: expected an image template or an ARM template file.';
    return { ok: false, issues: [{ path: '$', code: 'BadValue', message, expected: 'an object' }] };
  }
  const fields = fieldsOf(document);
  const schema = fields['$schema'];
  if (typeof schema === 'string' && /deploymentParameters\.json/i.test(schema)) {
    const message = 'This is a parameters file; give the ARM template file that it belongs to.';
    return { ok: false, issues: [{ path: '$.$schema', code: 'BadValue', message }] };
  }
  const isArmTemplate = has(fields, 'resources') || has(fields, '$schema') || has(fields, 'contentVersion');
  if (isArmTemplate) return findInArmTemplate(fields);
  const issue = wrongType(fields['type']);
  if (issue !== undefined) return { ok: false, issues: [issue] };
  return { ok: true, found: { path: [], fields, inArmTemplate: false }, warnings: [] };
}

function findInArmTemplate(document: Fields): FindResult {
  const resources = document['resources'];
  if (typeof resources !== 'object' || resources === null) {
    const message = "Missing field 'resources': an ARM template file lists its resources there.";
    return { ok: false, issues: [{ path: '$.resources', code: 'MissingField', message }] };
  }
  // Symbolic names make `resources` an object instead of a list.
  const all = Object.entries(resources).map(([key, resource]) => ({
    path: ['resources', Array.isArray(resources) ? Number(key) : key],
    fields: fieldsOf(resource),
  }));
  const [first, ...more] = all.filter(({ fields }) => isTemplateType(fields['type']));
  if (first === undefined) {
    const message =
      'The ARM template holds no resource of type Microsoft.VirtualMachineImages/imageTemplates.';
    return { ok: false, issues: [{ path: '$.resources', code: 'MissingResource', message }] };
  }
  if (more.length > 0) {
    const message = `The ARM template holds ${more.length + 1} image templates; exactly one can be built at a time.`;
    return { ok: false, issues: [{ path: '$.resources', code: 'TooManyResources', message }] };
  }
  const issues = ['copy', 'condition'].flatMap((name) => unsupported(first, name));
  if (issues.length > 0) return { ok: false, issues };
  const warnings = all
    .filter((resource) => resource !== first)
    .slice(0, maxShown)
    .map(ignored);
  return { ok: true, found: { ...first, inArmTemplate: true }, warnings };
}

function unsupported({ path, fields }: { path: JsonPath; fields: Fields }, name: string): readonly Issue[] {
  if (!has(fields, name) || (name === 'condition' && fields[name] === true)) return [];
  const message = `Field '${name}' of a resource is not supported here.`;
  return [{ path: formatJsonPath([...path, name]), code: 'NotSupported', message }];
}

function ignored({ path, fields }: { path: JsonPath; fields: Fields }): Issue {
  const type = typeof fields['type'] === 'string' ? printable(fields['type'], 80) : 'unknown';
  const message = `This resource of type ${type} is not an image template and is ignored.`;
  return { path: formatJsonPath(path), code: 'Ignored', message };
}

/** A bare body may leave its type out, and old samples leave out `/imageTemplates`. */
function wrongType(type: unknown): Issue | undefined {
  if (type === undefined || type === null || isTemplateType(type)) return undefined;
  if (typeof type === 'string' && type.toLowerCase() === 'microsoft.virtualmachineimages') return undefined;
  const expected = 'Microsoft.VirtualMachineImages/imageTemplates';
  const shown = typeof type === 'string' ? printable(type, 80) : typeof type;
  const message = `Field 'type' has a bad value: '${shown}'. Expected ${expected}.`;
  return { path: '$.type', code: 'BadValue', message, expected };
}

function isTemplateType(type: unknown): boolean {
  return typeof type === 'string' && type.toLowerCase() === templateType;
}
