/** Which outside files a template needs: the scripts and files of its customizers and validators. */
import type { Customizer, ImageTemplate, Validator } from '../../model/image-template.ts';

export interface ArtifactNeed {
  /** As written in the template: a URL, or a path relative to the template's folder. */
  readonly uri: string;
  /** Lower-case hex; undefined = not checked. */
  readonly sha256: string | undefined;
  /** JSON path in the template, for example `$.properties.customize[0].scriptUri`. */
  readonly path: string;
  /** For people: `customizer 1 (Shell "install")`. */
  readonly usedBy: string;
}

/** Every use in template order; the same URI may appear more than once. */
export function listArtifacts(
  template: Pick<ImageTemplate, 'customize' | 'validate'>,
): readonly ArtifactNeed[] {
  return [
    ...template.customize.flatMap((part, index) =>
      needOf(part, `$.properties.customize[${index}]`, `customizer ${index + 1}`),
    ),
    ...(template.validate?.inVMValidations ?? []).flatMap((part, index) =>
      needOf(part, `$.properties.validate.inVMValidations[${index}]`, `validator ${index + 1}`),
    ),
  ];
}

function needOf(part: Customizer | Validator, path: string, ordinal: string): readonly ArtifactNeed[] {
  const usedBy = `${ordinal} (${part.type}${part.name === undefined ? '' : ` "${part.name}"`})`;
  if (part.type === 'File') {
    return [{ uri: part.sourceUri, sha256: part.sha256, path: `${path}.sourceUri`, usedBy }];
  }
  if (!('script' in part) || part.script.from === 'inline') return [];
  return [{ uri: part.script.uri, sha256: part.script.sha256, path: `${path}.scriptUri`, usedBy }];
}
