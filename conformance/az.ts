/** The stock `az`, logged in to a service with the lines that `goldsmith az-env` prints. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../src/host/command.ts';
import { root, type ServiceUnderTest } from './service.ts';

const COMMAND_TIMEOUT_MS = 5 * 60_000;

export class Az implements Disposable {
  readonly #env: Readonly<Record<string, string>>;
  /** A folder for the files of a test. */
  readonly folder: string;

  private constructor(env: Readonly<Record<string, string>>, folder: string) {
    this.#env = env;
    this.folder = folder;
  }

  /** Registers the cloud and logs in, in a configuration of its own. */
  static async login(service: ServiceUnderTest): Promise<Az> {
    const folder = mkdtempSync(join(tmpdir(), 'goldsmith-az-'));
    const script = `eval "$('${join(root, 'goldsmith')}' az-env --data '${service.dataFolder}')" >&2 && env -0`;
    const { stdout } = await runCommand(['bash', '-e', '-c', script], {
      timeoutMs: COMMAND_TIMEOUT_MS,
      env: { HOME: folder },
    });
    const env = Object.fromEntries(
      stdout
        .split('\0')
        .filter((entry) => /^(AZURE_|REQUESTS_|SSL_|ARM_|HOME=)/.test(entry))
        .map((entry): [string, string] => [
          entry.slice(0, entry.indexOf('=')),
          entry.slice(entry.indexOf('=') + 1),
        ]),
    );
    return new Az({ ...env, AZURE_CORE_COLLECT_TELEMETRY: 'false', AZURE_CORE_NO_COLOR: 'true' }, folder);
  }

  /** The same login in a configuration of its own, for commands that run beside others. */
  lane(): Az {
    const folder = mkdtempSync(join(tmpdir(), 'goldsmith-az-'));
    const configuration = join(folder, 'configuration');
    cpSync(this.#env['AZURE_CONFIG_DIR'] ?? '', configuration, { recursive: true });
    return new Az({ ...this.#env, HOME: folder, AZURE_CONFIG_DIR: configuration }, folder);
  }

  /** Writes `document` into the folder, and gives the name to say to `az`. */
  file(name: string, document: object): string {
    writeFileSync(join(this.folder, name), JSON.stringify(document));
    return name;
  }

  /** Runs `az …` and reads its JSON; undefined when it printed nothing. @throws with its last words when it fails. */
  async run(...args: readonly string[]): Promise<unknown> {
    const { stdout } = await this.#az([...args, '--output', 'json']);
    return stdout.trim() === '' ? undefined : JSON.parse(stdout);
  }

  /** One value, as a script would take it with `--query … -o tsv`. */
  async value(query: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await this.#az([...args, '--query', query, '--output', 'tsv']);
    return stdout.trim();
  }

  /** What `az` says when it fails. */
  async failure(...args: readonly string[]): Promise<string> {
    const { exitCode, stderr } = await this.#az(args, true);
    if (exitCode === 0) throw new Error(`az ${args.join(' ')} should have failed`);
    return stderr;
  }

  async #az(
    args: readonly string[],
    mayFail = false,
  ): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
    return runCommand(['az', ...args], {
      env: this.#env,
      cwd: this.folder,
      timeoutMs: COMMAND_TIMEOUT_MS,
      ...(mayFail ? { okExitCodes: Array.from({ length: 256 }, (_, code) => code) } : {}),
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
