/** Where Goldsmith keeps its things on this machine. Every path is made here and nowhere else. */
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface Home {
  readonly root: string;
  /** Image bytes and their descriptions. */
  readonly images: string;
  /** One folder a run: work files, log, record, journal. */
  readonly runs: string;
  /** Derived data that can be deleted at any time: downloads, probe verdicts. */
  readonly cache: string;
}

/**
 * `$GOLDSMITH_HOME`, else `/var/lib/goldsmith` for root, else `$XDG_DATA_HOME/goldsmith`
 * (`~/.local/share/goldsmith`). Folders are made on first use.
 */
export function openHome(env: Readonly<Record<string, string | undefined>> = process.env): Home {
  const root =
    env['GOLDSMITH_HOME'] ??
    (process.getuid?.() === 0
      ? '/var/lib/goldsmith'
      : join(env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'goldsmith'));
  const home = { root, images: join(root, 'images'), runs: join(root, 'runs'), cache: join(root, 'cache') };
  for (const folder of [home.root, home.images, home.runs, home.cache]) {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
  }
  return home;
}
