/** From the text of a template file, or the body of a request, to the domain model. */
import type { ImageTemplate } from '../../model/image-template.ts';
import type { Issue } from '../../model/issue.ts';
import { templateWires, type ApiVersion } from '../api-versions/supported.ts';
import { formatJsonPath, type JsonPath } from '../json/json-path.ts';
import { parseJson } from '../json/parse-json.ts';
import { capIssues } from '../wire/check-wire.ts';
import { issueFrom } from '../wire/wire-issue.ts';
import { resourceNamePattern, resourceNameRule } from '../wire/template/resource.ts';
import { adviceOn } from './advice.ts';
import { chooseApiVersion, type ApiVersionOptions } from './api-version-choice.ts';
import { readArmLiterals } from './arm-literals.ts';
import { findTemplateResource, type FoundResource } from './find-resource.ts';

export type ParsedTemplate =
  | {
      readonly ok: true;
      readonly apiVersion: string;
      readonly template: ImageTemplate;
      readonly warnings: readonly Issue[];
    }
  | { readonly ok: false; readonly issues: readonly Issue[]; readonly warnings: readonly Issue[] };

/** Fields that a file has around the body of the request; the name is read, the rest says nothing. */
const fieldsOfTheFile = ['apiVersion', 'dependsOn', 'comments', 'metadata', 'condition', 'type', 'name'];

/**
 * Reads a template file: a bare resource body or an ARM template file with exactly one image
 * template and no expressions (reference 6.1). Reports every problem at once and never throws.
 */
export function parseTemplateDocument(text: string, options: ApiVersionOptions = {}): ParsedTemplate {
  const json = parseJson(text);
  if (!json.ok) return refuse([json.issue]);
  const result = findTemplateResource(json.value);
  if (!result.ok) return refuse([...json.duplicates, ...result.issues]);
  const { found, warnings } = result;
  const apiVersionPath = formatJsonPath([...found.path, 'apiVersion']);
  const { fields, expressions: all } = literalsOf(found);
  // An api-version that the caller overrides does not have to be readable.
  const expressions = all.filter(({ path }) => path !== apiVersionPath || options.apiVersion === undefined);
  const before = [...json.duplicates, ...expressions];
  if (expressions.some(({ path }) => path === apiVersionPath)) return refuse(before, warnings);
  const choice = chooseApiVersion(ownField(fields, 'apiVersion'), apiVersionPath, options);
  if (!choice.ok) return refuse([...before, choice.issue], warnings);

  const name = readName(ownField(fields, 'name'), found.path);
  const body = Object.fromEntries(Object.entries(fields).filter(([key]) => !fieldsOfTheFile.includes(key)));
  const parsed = readBody(body, choice.apiVersion, found.path);
  const reported = new Set(expressions.map(({ path }) => path));
  const issues = [...before, ...name.issues, ...(parsed.ok ? [] : parsed.issues)].filter(
    ({ path, code }) => code === 'ExpressionNotSupported' || !reported.has(path),
  );
  if (!parsed.ok || issues.length > 0) return refuse(issues, [...warnings, ...parsed.warnings]);
  return {
    ...parsed,
    template: { ...parsed.template, name: name.value },
    warnings: [...warnings, ...parsed.warnings],
  };
}

/** Reads the body of a request; from 2024-02-01 on, `apiVersion` inside it is an unknown field. Never throws. */
export function parseTemplateBody(body: unknown, apiVersion: ApiVersion): ParsedTemplate {
  return readBody(body, apiVersion, []);
}

function readBody(body: unknown, apiVersion: ApiVersion, root: JsonPath): ParsedTemplate {
  const checked = templateWires[apiVersion].read(body, root);
  if (!checked.ok) return checked;
  const warnings = [...checked.warnings, ...adviceOn(checked.value, root)];
  return { ok: true, apiVersion, template: checked.value, warnings };
}

function literalsOf(found: FoundResource): { fields: object; expressions: readonly Issue[] } {
  if (!found.inArmTemplate) return { fields: found.fields, expressions: [] };
  const { dependsOn: _, comments: __, metadata: ___, ...needed } = found.fields;
  const { value, expressions } = readArmLiterals(needed, found.path);
  return { fields: typeof value === 'object' && value !== null ? value : {}, expressions };
}

function readName(name: unknown, root: JsonPath): { value: string | undefined; issues: readonly Issue[] } {
  if (name === undefined || name === null) return { value: undefined, issues: [] };
  if (typeof name === 'string' && resourceNamePattern.test(name)) return { value: name, issues: [] };
  const issue = issueFrom({ expected: resourceNameRule.expected }, { path: [...root, 'name'], value: name });
  return { value: undefined, issues: [issue] };
}

function ownField(fields: object, name: string): unknown {
  return Object.hasOwn(fields, name) ? Reflect.get(fields, name) : undefined;
}

function refuse(issues: readonly Issue[], warnings: readonly Issue[] = []): ParsedTemplate {
  return { ok: false, issues: capIssues(issues), warnings };
}
