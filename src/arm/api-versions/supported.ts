/** Every api-version of `Microsoft.VirtualMachineImages/imageTemplates` that is understood, oldest first. */
import { z } from 'zod';
import type { ImageTemplate } from '../../model/image-template.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { JsonPath } from '../json/json-path.ts';
import type { FieldNames } from '../wire/align-fields.ts';
import { checkWire, type CheckedWire } from '../wire/check-wire.ts';
import { projectFields } from '../wire/project-fields.ts';
import { imageTemplateSchema as schema20200214 } from './2020-02-14/schema.ts';
import { translate as translate20200214 } from './2020-02-14/translate.ts';
import { imageTemplateSchema as schema20211001 } from './2021-10-01/schema.ts';
import { translate as translate20211001 } from './2021-10-01/translate.ts';
import { imageTemplateSchema as schema20220214 } from './2022-02-14/schema.ts';
import { translate as translate20220214 } from './2022-02-14/translate.ts';
import { imageTemplateSchema as schema20220701 } from './2022-07-01/schema.ts';
import { translate as translate20220701 } from './2022-07-01/translate.ts';
import { imageTemplateSchema as schema20230701 } from './2023-07-01/schema.ts';
import { translate as translate20230701 } from './2023-07-01/translate.ts';
import { imageTemplateSchema as schema20240201 } from './2024-02-01/schema.ts';
import { translate as translate20240201 } from './2024-02-01/translate.ts';
import { imageTemplateSchema as schema20251001 } from './2025-10-01/schema.ts';
import { translate as translate20251001 } from './2025-10-01/translate.ts';

export const apiVersions = [
  '2020-02-14',
  '2021-10-01',
  '2022-02-14',
  '2022-07-01',
  '2023-07-01',
  '2024-02-01',
  '2025-10-01',
] as const;

export type ApiVersion = (typeof apiVersions)[number];

export const newestApiVersion: ApiVersion = '2025-10-01';

export interface TemplateWire {
  readonly fieldNames: FieldNames;
  readonly schema: z.ZodObject;
  /** Schema of `properties`. */
  readonly properties: z.ZodObject;
  /** Checks a body that stands at `root` of its document and lifts it to the domain model. */
  readonly read: (body: unknown, root?: JsonPath) => CheckedWire<ImageTemplate>;
  /** Like `read`, with the body itself: names corrected, without what the service sets or does not know. */
  readonly accept: (body: unknown, root?: JsonPath) => CheckedWire<AcceptedTemplate>;
}

export interface AcceptedTemplate {
  readonly template: ImageTemplate;
  readonly body: JsonObject;
}

export const templateWires: Readonly<Record<ApiVersion, TemplateWire>> = {
  '2020-02-14': wire('lenient', schema20200214, translate20200214),
  '2021-10-01': wire('lenient', schema20211001, translate20211001),
  '2022-02-14': wire('lenient', schema20220214, translate20220214),
  '2022-07-01': wire('lenient', schema20220701, translate20220701),
  '2023-07-01': wire('lenient', schema20230701, translate20230701),
  '2024-02-01': wire('strict', schema20240201, translate20240201),
  '2025-10-01': wire('strict', schema20251001, translate20251001),
};

/** True for an api-version in the list. */
export function isApiVersion(text: string): text is ApiVersion {
  return apiVersions.some((version) => version === text);
}

function wire<S extends z.ZodObject<{ properties: z.ZodObject }>>(
  fieldNames: FieldNames,
  schema: S,
  translate: (value: z.output<S>) => ImageTemplate,
): TemplateWire {
  const check = (body: unknown, root: JsonPath = []) => checkWire(schema, body, fieldNames, root);
  return {
    fieldNames,
    schema,
    properties: schema.shape.properties,
    read: (body, root) => {
      const checked = check(body, root);
      return checked.ok ? { ...checked, value: translate(checked.value) } : checked;
    },
    accept: (body, root) => {
      const checked = check(body, root);
      if (!checked.ok) return checked;
      const fields: unknown = checked.value;
      const own = isJsonObject(fields) ? projectFields(schema, fields, 'drop') : {};
      return { ...checked, value: { template: translate(checked.value), body: own } };
    },
  };
}
