/** An image template as a row: what its author said, what the service reports, and what the service keeps to itself. */
import { z } from 'zod';
import { templateOf, type TemplateDocument } from '../../arm/image-template/document/template-document.ts';
import type { ImageTemplate } from '../../model/image-template.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { ResourceDraft, ResourceRecord } from '../../store/records.ts';

export const namespace = 'Microsoft.VirtualMachineImages';
export const templateType = `${namespace}/imageTemplates`;

/** `properties.provisioningState` (reference 1.4); `Canceled` never happens here. */
export type ProvisioningState = 'Creating' | 'Updating' | 'Succeeded' | 'Failed' | 'Deleting';

/** Columns that other columns follow from are left out of a change. */
export interface TemplateChange {
  readonly document?: TemplateDocument;
  readonly reported?: JsonObject;
  readonly submission?: Submission;
}

const stagingSchema = z.object({
  resourceGroup: z.string(),
  storageAccount: z.string(),
  /** `made`: the group goes with the template. `given`: only what is in it. */
  ownership: z.enum(['made', 'given']),
});

const submissionSchema = z.object({
  staging: z.exactOptional(stagingSchema),
  artifacts: z.array(
    z.object({
      uri: z.string(),
      container: z.string(),
      blobName: z.string(),
      sizeBytes: z.number(),
      sha256: z.string(),
    }),
  ),
});

/** What submitting has brought about so far; written before anything is made, so that all of it is found again. */
export type Submission = z.output<typeof submissionSchema>;
export type Staging = z.output<typeof stagingSchema>;

/** What the service reports inside `properties`; everything else there is the author's. */
const reportedFields: readonly string[] = [
  'provisioningState',
  'provisioningError',
  'exactStagingResourceGroup',
];

/** The kept document, reports included. */
export function documentIn(record: ResourceRecord | ResourceDraft): TemplateDocument {
  return {
    ...record.body,
    ...(record.location === undefined ? {} : { location: record.location }),
    ...(Object.keys(record.tags).length === 0 ? {} : { tags: record.tags }),
  };
}

/** The template in the words of the engine. */
export function templateIn(record: ResourceRecord): ImageTemplate {
  return templateOf(documentIn(record), record.name);
}

export function provisioningStateOf(record: ResourceRecord): ProvisioningState {
  const state = propertiesOf(record)['provisioningState'];
  const known: readonly ProvisioningState[] = ['Creating', 'Updating', 'Succeeded', 'Deleting'];
  return known.find((candidate) => candidate === state) ?? 'Failed';
}

/** @throws ZodError for a row that nobody here wrote. */
export function submissionOf(record: ResourceRecord): Submission {
  const kept = record.secret?.['submission'];
  return kept === undefined ? { artifacts: [] } : submissionSchema.parse(kept);
}

/** Columns of a template row for `document`, as the author's part of it says. */
export function columnsOf(document: TemplateDocument): Pick<ResourceDraft, 'location' | 'tags' | 'body'> {
  const { location, tags, ...body } = document;
  return {
    location: typeof location === 'string' ? location : undefined,
    tags: isJsonObject(tags) ? textsOf(tags) : {},
    body,
  };
}

/** `record` changed; a new document keeps the old reports, `reported` lays new ones over them. */
export function changed(record: ResourceRecord, change: TemplateChange): ResourceDraft {
  const { etag: _, ...draft } = record;
  const columns = change.document === undefined ? {} : columnsOf(change.document);
  const next = { ...draft, ...columns };
  const reports = Object.fromEntries(
    Object.entries(propertiesOf(record)).filter(([name]) => reportedFields.includes(name)),
  );
  const properties = { ...propertiesOf(next), ...reports, ...change.reported };
  const submission = change.submission;
  return {
    ...next,
    body: { ...next.body, properties: withoutUndefined(properties) },
    secret: submission === undefined ? record.secret : { ...record.secret, submission: toJson(submission) },
  };
}

/** `properties` of the body. */
export function propertiesOf(record: Pick<ResourceRecord, 'body'>): JsonObject {
  const properties = record.body['properties'];
  return isJsonObject(properties) ? properties : {};
}

function toJson({ staging, artifacts }: Submission): JsonObject {
  return {
    ...(staging === undefined ? {} : { staging: { ...staging } }),
    artifacts: artifacts.map((a) => ({ ...a })),
  };
}

/** The entries that are texts. */
export function textsOf(tags: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(tags).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as const] : [],
    ),
  );
}

function withoutUndefined(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
