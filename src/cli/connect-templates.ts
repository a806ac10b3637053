/** The `Templates` port: the wire's checks, then what this machine knows about the source. */
import { parseTemplateDocument } from '../arm/image-template/parse-document.ts';
import { checkKindsForOs } from '../guest/customizers/check-kinds.ts';
import type { Home } from '../host/home.ts';
import type { Issue } from '../model/issue.ts';
import type { Templates } from './ports.ts';
import { lookUpSource } from './source-lookup.ts';

export function connectTemplates(home: () => Home): Templates {
  return {
    parse: async (text, wishes) => {
      const parsed = parseTemplateDocument(text, wishes);
      if (!parsed.ok) return { valid: false, issues: parsed.issues, warnings: parsed.warnings };
      const { template, apiVersion } = parsed;
      const source = lookUpSource(template.source, home);
      const issues = source.state === 'known' ? checkKindsForOs(template, source.osType) : [];
      const warnings = [...parsed.warnings, ...(source.state === 'missing' ? [missing(source.hint)] : [])];
      return issues.length > 0
        ? { valid: false, issues, warnings }
        : { valid: true, template, apiVersion, warnings };
    },
  };
}

function missing(hint: string): Issue {
  return {
    path: '$.properties.source',
    code: 'SourceNotHere',
    message: `This machine does not have the source image, so a build here would fail. ${hint}`,
  };
}
