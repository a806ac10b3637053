/** Which templates can have a trigger (reference 2.9). */
import { parseGalleryImageId } from '../../../arm/known-resource-ids.ts';
import { sameResourceId } from '../../../arm/resource-id.ts';
import type { ImageTemplate } from '../../../model/image-template.ts';
import type { Issue } from '../../../model/issue.ts';

/** What about `template` forbids a trigger on its source; empty when nothing does. Pure. */
export function triggerIssues(template: ImageTemplate): readonly Issue[] {
  return [...sourceIssues(template), ...targetIssues(template)];
}

function sourceIssues({ source }: ImageTemplate): readonly Issue[] {
  const isLatest =
    (source.type === 'PlatformImage' && source.version === 'latest') ||
    (source.type === 'SharedImageVersion' && source.imageVersionId.endsWith('/latest'));
  if (isLatest) return [];
  const message =
    "A SourceImage trigger needs a template whose source is a platform image or a gallery image with version 'latest'.";
  return [{ path: '$.properties.kind', code: 'TriggerNotPossible', message }];
}

function targetIssues({ source, distribute }: ImageTemplate): readonly Issue[] {
  const sourceDefinition =
    source.type === 'SharedImageVersion'
      ? parseGalleryImageId(source.imageVersionId)?.definitionId
      : undefined;
  return distribute.flatMap((target) => {
    if (target.type !== 'SharedImage') return [];
    const issues: string[] = [];
    if (target.explicitVersion !== undefined) {
      issues.push(
        `Target '${target.runOutputName}' names a version, so only one build could ever publish to it.`,
      );
    }
    if (sourceDefinition !== undefined && sameResourceId(sourceDefinition, target.imageDefinitionId)) {
      issues.push(
        `Target '${target.runOutputName}' is the image definition of the source: builds would start builds.`,
      );
    }
    return issues.map((message) => ({ path: '$.properties.kind', code: 'TriggerNotPossible', message }));
  });
}
