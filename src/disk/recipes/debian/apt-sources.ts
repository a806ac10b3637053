/**
 * APT's two source formats, as far as choosing a mirror needs them: one-line `.list` files and deb822
 * `.sources` files (sources.list(5)).
 */

export interface AptSource {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Absolute path of the keyring; undefined when APT's default keyrings are used or the key is inline. */
  readonly signedBy: string | undefined;
  /** False when the source turns off the check of the index's age, as frozen mirrors need. */
  readonly checkValidUntil: boolean;
}

/** Enabled `deb` entries of a one-line file; lines that make no sense are skipped, as APT's own fault to report. */
export function parseOneLineSources(text: string): readonly AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (match === null) return [];
    const [, optionText = '', uri = '', suite = '', components = ''] = match;
    const options = new Map(words(optionText).map((word) => splitOnce(word, '=')));
    return [
      makeSource(uri, [suite], words(components), options.get('signed-by'), options.get('check-valid-until')),
    ];
  });
}

/** Enabled `deb` stanzas of a deb822 file, one source per URI. */
export function parseDeb822Sources(text: string): readonly AptSource[] {
  const withoutComments = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
  return withoutComments.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = parseStanza(stanza);
    if (!words(fields.get('types')).includes('deb') || fields.get('enabled') === 'no') return [];
    return words(fields.get('uris')).map((uri) =>
      makeSource(
        uri,
        words(fields.get('suites')),
        words(fields.get('components')),
        fields.get('signed-by'),
        fields.get('check-valid-until'),
      ),
    );
  });
}

/** The deb822 form of `sources`, for a guest. */
export function formatDeb822Sources(sources: readonly AptSource[]): string {
  return sources
    .map((source) =>
      [
        'Types: deb',
        `URIs: ${source.uri}`,
        `Suites: ${source.suites.join(' ')}`,
        `Components: ${source.components.join(' ')}`,
        ...(source.signedBy === undefined ? [] : [`Signed-By: ${source.signedBy}`]),
        ...(source.checkValidUntil ? [] : ['Check-Valid-Until: no']),
        '',
      ].join('\n'),
    )
    .join('\n');
}

/** The one-line form of `source`, one line a suite, for mmdebstrap's arguments. */
export function formatOneLineSources(source: AptSource): readonly string[] {
  const options = [
    ...(source.signedBy === undefined ? [] : [`signed-by=${source.signedBy}`]),
    ...(source.checkValidUntil ? [] : ['check-valid-until=no']),
  ];
  const bracket = options.length === 0 ? '' : `[${options.join(' ')}] `;
  return source.suites.map((suite) => `deb ${bracket}${source.uri} ${suite} ${source.components.join(' ')}`);
}

function makeSource(
  uri: string,
  suites: readonly string[],
  components: readonly string[],
  signedBy: string | undefined,
  checkValidUntil: string | undefined,
): AptSource {
  return {
    uri: uri.replace(/\/+$/, ''),
    suites,
    components,
    signedBy: signedBy?.startsWith('/') === true ? signedBy.split(/[\s,]/)[0] : undefined,
    checkValidUntil: checkValidUntil !== 'no',
  };
}

function parseStanza(stanza: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let name = '';
  for (const line of stanza.split('\n')) {
    if (/^\s/.test(line)) fields.set(name, `${fields.get(name) ?? ''}\n${line.trim()}`.trim());
    else if (line.includes(':')) {
      const [key, value] = splitOnce(line, ':');
      name = key.toLowerCase();
      fields.set(name, value);
    }
  }
  return fields;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

function words(text: string | undefined): readonly string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}
