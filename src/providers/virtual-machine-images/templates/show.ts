/** Image templates as answers: the kept document in the words of the api-version, with the state of the last run. */
import { isApiVersion, newestApiVersion, type ApiVersion } from '../../../arm/api-versions/supported.ts';
import { showTemplate } from '../../../arm/image-template/document/show-template.ts';
import { isJsonObject, type JsonObject } from '../../../model/json.ts';
import type { LastRunStatus } from '../../../runs/run-service.ts';
import type { ResourceRecord } from '../../../store/records.ts';
import { systemData } from '../../arm/system-data.ts';
import { documentIn } from '../template-record.ts';

/** What is known about the last run of a template; nothing for one that never ran. */
export interface RunFacts {
  readonly lastRunStatus?: LastRunStatus | undefined;
  /** What `latest` meant in the source of the last run. */
  readonly exactVersion?: string | undefined;
}

/** The server lets only known api-versions in. */
export function apiVersionOf({ apiVersion }: { readonly apiVersion: string }): ApiVersion {
  return isApiVersion(apiVersion) ? apiVersion : newestApiVersion;
}

/** The body of an answer. */
export function templateBody(record: ResourceRecord, apiVersion: ApiVersion, run: RunFacts = {}): object {
  const { location, tags, identity, properties } = showTemplate(withRun(documentIn(record), run), apiVersion);
  return {
    id: record.id,
    name: record.name,
    type: record.type,
    location,
    ...(tags === undefined ? {} : { tags }),
    ...showSystemData(record, apiVersion),
    identity,
    properties,
  };
}

/** `systemData`, which 2020-02-14 does not have. */
export function showSystemData(
  record: ResourceRecord,
  apiVersion: ApiVersion,
): { readonly systemData?: object } {
  return apiVersion === '2020-02-14' ? {} : { systemData: systemData(record) };
}

function withRun(document: JsonObject, run: RunFacts): JsonObject {
  const { properties } = document;
  if (!isJsonObject(properties)) return document;
  const { source } = properties;
  const { lastRunStatus, exactVersion } = run;
  const shown =
    isJsonObject(source) && exactVersion !== undefined ? { source: { ...source, exactVersion } } : {};
  return {
    ...document,
    properties: {
      ...properties,
      ...shown,
      ...(lastRunStatus === undefined ? {} : { lastRunStatus: { ...lastRunStatus } }),
    },
  };
}
