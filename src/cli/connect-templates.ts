/** The `Templates` port on the wire room. */
import { parseTemplateDocument } from '../arm/image-template/parse-document.ts';
import type { Templates } from './ports.ts';

export const templates: Templates = {
  parse: async (text, wishes) => {
    const parsed = parseTemplateDocument(text, wishes);
    const { warnings } = parsed;
    if (!parsed.ok) return { valid: false, issues: parsed.issues, warnings };
    return { valid: true, template: parsed.template, apiVersion: parsed.apiVersion, warnings };
  },
};
