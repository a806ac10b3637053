/** Things in a legal template that probably are not what its author meant. */
import type { ImageTemplate } from '../../model/image-template.ts';
import type { Issue } from '../../model/issue.ts';
import { formatJsonPath, type JsonPath } from '../json/json-path.ts';

/** Warnings about `template`, whose body stands at `root`. */
export function adviceOn(template: ImageTemplate, root: JsonPath): readonly Issue[] {
  return isCustomizedButOnlyValidatesSource(template)
    ? [
        {
          path: formatJsonPath([...root, 'properties', 'customize']),
          code: 'Ignored',
          message:
            "The customizers do not run: 'sourceValidationOnly' validates the source image without a build.",
        },
      ]
    : [];
}

/** Rule: `sourceValidationOnly` runs no build, so nothing customizes. */
export function isCustomizedButOnlyValidatesSource(template: ImageTemplate): boolean {
  return template.validate?.sourceValidationOnly === true && template.customize.length > 0;
}
