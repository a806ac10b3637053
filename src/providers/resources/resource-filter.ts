/**
 * `$filter` of resource lists: OData comparisons of a resource's own fields, joined by `and` and `or`, with brackets;
 * `substringof('text', name)` and `startswith(name, 'text')`; and `tagName eq … and tagValue eq …` for one tag.
 */
import { ArmError } from '../../arm/arm-error.ts';
import type { ResourceRecord } from '../../store/records.ts';
import type { ResourceFilter } from '../../store/store.ts';
import { readFilter, type Comparison, type FilterNode } from './odata-filter.ts';
import { fieldText, filterFields } from './filter-fields.ts';

export interface RecordFilter {
  /** What the database can look up; it may let more through than `accepts` does. */
  readonly hint: Pick<ResourceFilter, 'type' | 'resourceGroup' | 'tag'>;
  readonly accepts: (record: ResourceRecord) => boolean;
}

/** @throws ArmError 400 `InvalidFilterInQueryString`. */
export function readResourceFilter(text: string | undefined): RecordFilter {
  if (text === undefined || text.trim() === '') return { hint: {}, accepts: () => true };
  const node = readFilter(text);
  if (node === undefined) throw invalidFilter(text);
  checkFields(node, text);
  return { hint: hintOf(node), accepts: (record) => holds(node, record) };
}

/** `tagName eq 'a'`, with or without `tagValue eq 'b'`: the one filter of resource group lists. */
export function readTagFilter(text: string | undefined): ResourceFilter['tag'] {
  if (text === undefined || text.trim() === '') return undefined;
  const node = readFilter(text);
  const tag = node === undefined ? undefined : tagOf(conjuncts(node));
  if (node === undefined || tag === undefined || conjuncts(node).some((part) => !isTagPart(part))) {
    throw invalidFilter(text);
  }
  return tag;
}

function holds(node: FilterNode, record: ResourceRecord): boolean {
  if (node.kind === 'comparison') return compare(node, record);
  if (node.kind === 'or') return node.nodes.some((part) => holds(part, record));
  const tag = tagOf(node.nodes);
  if (tag !== undefined && !hasTag(record, tag)) return false;
  return node.nodes.every((part) => isTagPart(part) || holds(part, record));
}

function compare(node: Comparison, record: ResourceRecord): boolean {
  if (isTagPart(node)) return hasTag(record, { name: node.value });
  const actual = fieldText(record, node.field).toLowerCase();
  const wanted =
    node.field === 'location' ? node.value.toLowerCase().replaceAll(' ', '') : node.value.toLowerCase();
  if (node.operator === 'eq') return actual === wanted;
  if (node.operator === 'ne') return actual !== wanted;
  return node.operator === 'startswith' ? actual.startsWith(wanted) : actual.includes(wanted);
}

function hasTag({ tags }: ResourceRecord, wanted: NonNullable<ResourceFilter['tag']>): boolean {
  return Object.entries(tags).some(
    ([name, value]) =>
      name.toLowerCase() === wanted.name.toLowerCase() &&
      (wanted.value === undefined || wanted.value === value),
  );
}

function hintOf(node: FilterNode): RecordFilter['hint'] {
  const parts = conjuncts(node);
  const equal = (field: string): string | undefined =>
    parts.find((part) => part.kind === 'comparison' && part.field === field && part.operator === 'eq')?.value;
  const [type, resourceGroup, tag] = [equal('resourcetype'), equal('resourcegroup'), tagOf(parts)];
  return {
    ...(type === undefined ? {} : { type }),
    ...(resourceGroup === undefined ? {} : { resourceGroup }),
    ...(tag === undefined ? {} : { tag }),
  };
}

/** The parts that must all hold. */
function conjuncts(node: FilterNode): readonly (FilterNode & { readonly value?: string })[] {
  return node.kind === 'and' ? node.nodes : [node];
}

function isTagPart(node: FilterNode): boolean {
  return node.kind === 'comparison' && (node.field === 'tagname' || node.field === 'tagvalue');
}

function tagOf(parts: readonly FilterNode[]): ResourceFilter['tag'] {
  const find = (field: string): string | undefined => {
    for (const part of parts) if (part.kind === 'comparison' && part.field === field) return part.value;
    return undefined;
  };
  const [name, value] = [find('tagname'), find('tagvalue')];
  if (name === undefined) return undefined;
  return value === undefined ? { name } : { name, value };
}

function checkFields(node: FilterNode, text: string): void {
  if (node.kind === 'comparison') {
    const isTag = isTagPart(node);
    if (isTag ? node.operator === 'eq' && node.field === 'tagname' : filterFields.has(node.field)) return;
    throw invalidFilter(text);
  }
  const tag = node.kind === 'and' ? tagOf(node.nodes) : undefined;
  // One pair of name and value at most: which value belongs to which name would be a guess.
  if (tag !== undefined && node.nodes.filter(isTagPart).length > (tag.value === undefined ? 1 : 2)) {
    throw invalidFilter(text);
  }
  for (const part of node.nodes) {
    // A tag's value means nothing without its name beside it.
    if (isTagPart(part) && tag !== undefined) continue;
    checkFields(part, text);
  }
}

function invalidFilter(text: string): ArmError {
  return new ArmError(
    400,
    'InvalidFilterInQueryString',
    `Invalid $filter '${text.slice(0, 400)}' specified in the query string.`,
  );
}
