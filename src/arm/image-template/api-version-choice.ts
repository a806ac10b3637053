/** Which api-version a template is read with. */
import type { Issue } from '../../model/issue.ts';
import { apiVersions, isApiVersion, newestApiVersion, type ApiVersion } from '../api-versions/supported.ts';
import { printable } from '../json/json-path.ts';
import { nearest } from '../json/nearest.ts';

export interface ApiVersionOptions {
  /** Read with this version, whatever the document says. */
  readonly apiVersion?: string;
  /** Read with this version when the document says none; default the newest. */
  readonly defaultApiVersion?: string;
}

export type ChosenApiVersion =
  | { readonly ok: true; readonly apiVersion: ApiVersion }
  | { readonly ok: false; readonly issue: Issue };

/** Chooses from `inDocument`, found at `path`, and the caller's options. */
export function chooseApiVersion(
  inDocument: unknown,
  path: string,
  options: ApiVersionOptions,
): ChosenApiVersion {
  if (options.apiVersion !== undefined) return judge(options.apiVersion, '$');
  if (inDocument === undefined || inDocument === null)
    return judge(options.defaultApiVersion ?? newestApiVersion, '$');
  return judge(inDocument, path);
}

function judge(apiVersion: unknown, path: string): ChosenApiVersion {
  const expected = `one of ${apiVersions.join(', ')}`;
  if (typeof apiVersion !== 'string') {
    const message = `Field 'apiVersion' has a bad value: expected a text, ${expected}.`;
    return { ok: false, issue: { path, code: 'UnsupportedApiVersion', message, expected } };
  }
  if (isApiVersion(apiVersion)) return { ok: true, apiVersion };
  const shown = printable(apiVersion, 60);
  const problem = /preview/i.test(apiVersion)
    ? `Preview api-version '${shown}' is not supported.`
    : `Unknown api-version '${shown}'.`;
  const suggestion = nearest(apiVersion.replace(/-?preview$/i, ''), apiVersions);
  return {
    ok: false,
    issue: {
      path,
      code: 'UnsupportedApiVersion',
      message: `${problem} Supported: ${apiVersions.join(', ')}.`,
      value: shown,
      expected,
      ...(suggestion === undefined ? {} : { suggestion }),
    },
  };
}
