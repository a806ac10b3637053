/** Credentials travel in the query strings of download URLs (a shared access signature, a token): never show them. */

/** Query parameters that say what a link is for and grant nothing. */
const HARMLESS = new Set([
  'api-version',
  'versionid',
  'snapshot',
  'restype',
  'comp',
  'ref',
  'raw',
  'download',
]);

/** `uri` without user name and password and with every other query value replaced by `***`. */
export function redactUri(uri: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(uri)) return uri;
  const fragment = uri.indexOf('#');
  const whole = fragment < 0 ? uri : uri.slice(0, fragment);
  const mark = whole.indexOf('?');
  const path = (mark < 0 ? whole : whole.slice(0, mark)).replace(/^([^:]+:\/\/)[^/]*@/, '$1***@');
  if (mark < 0) return path;
  const query = whole
    .slice(mark + 1)
    .split('&')
    .map((pair) => {
      const [name = '', ...value] = pair.split('=');
      if (value.length === 0) return HARMLESS.has(name.toLowerCase()) ? name : '***';
      return HARMLESS.has(name.toLowerCase()) ? pair : `${name}=***`;
    });
  return `${path}?${query.join('&')}`;
}

/** `text` with every URL in it redacted. */
export function redactText(text: string): string {
  return text.replaceAll(/[a-z][a-z0-9+.-]*:\/\/[^\s"'<>`]+/gi, (uri) => redactUri(uri));
}
