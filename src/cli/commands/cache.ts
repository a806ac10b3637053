/** `./goldsmith cache`: the checkpoints that let builds start in the middle, and making room. */
import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { parseSize } from '../../build/checkpoints/cache-limit.ts';
import { formatBytes } from '../../model/sizes.ts';
import { examples, jsonOption, runCommandBody, type CommandContext } from '../command-context.ts';
import { exitCodes } from '../exit-codes.ts';
import { styleOf } from '../io.ts';
import { parseAge } from '../../model/parse-age.ts';
import type { CacheEntry, EvictedCacheEntry } from '../ports.ts';
import { readValidTemplate } from '../read-template.ts';
import { openProgress } from '../render/progress.ts';
import { safeJson, safeLine } from '../render/safe-text.ts';
import { table } from '../render/table.ts';
import { addReuseOptions, reusePolicy, type ReuseOptions } from './reuse-options.ts';

interface JsonOptions {
  readonly json?: boolean;
}

interface WhyOptions extends JsonOptions, ReuseOptions {}

interface PruneOptions extends JsonOptions {
  readonly all?: boolean;
  /** Bytes. */
  readonly maxSize?: number;
  /** Milliseconds. */
  readonly olderThan?: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export function addCacheCommand(program: Command, context: CommandContext): void {
  const cache = program
    .command('cache')
    .summary('list, explain and prune the checkpoints of builds')
    .description(
      'Machines frozen after their boot and after each customizer, and finished images. A build starts after the last one that fits its template. All of it can be made again.',
    )
    .helpCommand(false);
  addList(cache, context);
  addWhy(cache, context);
  addPrune(cache, context);
  examples(cache, ['./goldsmith cache list', './goldsmith cache prune --max-size 10GiB']);
}

function addList(cache: Command, context: CommandContext): void {
  cache
    .command('list')
    .alias('ls')
    .description('Lists every checkpoint under the one that it lies on.')
    .addOption(jsonOption())
    .action(async (options: JsonOptions) => runCommandBody(context, () => list(context, options), options));
}

function addWhy(cache: Command, context: CommandContext): void {
  const command = cache
    .command('why')
    .description(
      'Says of each customizer of a template whether a build would use a kept result, from when, or why it would run.',
    )
    .argument('<template>', 'template file; - is standard input')
    .addOption(jsonOption());
  addReuseOptions(command);
  command.action(async (path: string, options: WhyOptions) =>
    runCommandBody(context, () => why(context, path, options), options),
  );
  examples(command, [
    './goldsmith cache why template.json',
    './goldsmith cache why template.json --max-age 2h',
  ]);
}

function addPrune(cache: Command, context: CommandContext): void {
  const command = cache
    .command('prune')
    .description(
      'Removes what is damaged, what was not used for 30 days, and what is over the limit, least recently used first. Running builds keep what they use until they end.',
    )
    .option('--all', 'remove every checkpoint')
    .option('--max-size <size>', 'the limit, for example 10GiB (default: GOLDSMITH_CACHE_LIMIT)', sizeOption)
    .option(
      '--older-than <time>',
      'also remove what was not used for so long, for example 7d or 12h',
      ageOption,
    )
    .addOption(jsonOption())
    .action(async (options: PruneOptions) => runCommandBody(context, () => prune(context, options), options));
  examples(command, ['./goldsmith cache prune --older-than 7d', './goldsmith cache prune --all']);
}

async function list(context: CommandContext, options: JsonOptions): Promise<number> {
  const { io, ports } = context;
  const { entries, limitBytes } = await ports.cache.list();
  const totalBytes = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (options.json === true) {
    io.stdout.write(`${safeJson({ totalBytes, limitBytes, entries })}\n`);
    return exitCodes.ok;
  }
  if (entries.length === 0) {
    io.stdout.write('There are no checkpoints yet. Builds make them.\n');
    return exitCodes.ok;
  }
  const style = styleOf(io, io.stdout);
  const nowMs = io.now();
  const rows = inTreeOrder(entries).map(({ entry, depth }) => [
    `${'  '.repeat(depth)}${entry.title}`,
    entry.kind,
    entry.templateName,
    ageText(nowMs - Date.parse(entry.createdAt)),
    ageText(nowMs - Date.parse(entry.lastUsedAt)),
    formatBytes(entry.sizeBytes),
    entry.key.slice(0, 12),
  ]);
  io.stdout.write(table(['CHECKPOINT', 'KIND', 'TEMPLATE', 'AGE', 'USED', 'SIZE', 'KEY'], rows, style));
  io.stdout.write(`${style.bold(formatBytes(totalBytes))} of at most ${formatBytes(limitBytes)}\n`);
  return exitCodes.ok;
}

async function why(context: CommandContext, path: string, options: WhyOptions): Promise<number> {
  const { io, ports, cancellation } = context;
  const { template, templateName } = await readValidTemplate(io, ports.templates, path);
  const templatePath = path === '-' ? '-' : resolve(io.cwd, path);
  const reuse = reusePolicy(options, template.customize);
  using progress = openProgress(io, { mode: 'auto', onStderr: true });
  cancellation.onCancel((message) => progress.note(message));
  const request = { template, templateName, templatePath, reuse };
  const answer = await ports.cache.why(request, progress.sink, cancellation.signal);
  progress[Symbol.dispose]();
  if (options.json === true) {
    io.stdout.write(`${safeJson(answer)}\n`);
    return exitCodes.ok;
  }
  const style = styleOf(io, io.stdout);
  const age = (at: string): string => `${ageText(io.now() - Date.parse(at))} old`;
  const { startsFrom, startsFromAt = '', customizers } = answer;
  io.stdout.write(
    startsFrom === undefined
      ? 'A build would start from the source image.\n'
      : `A build would start from ${style.bold(safeLine(startsFrom))}, ${age(startsFromAt)}.\n`,
  );
  const rows = customizers.map(({ name, runs, keptAt = '' }) =>
    runs === undefined ? [name, 'kept', age(keptAt)] : [name, 'runs', runs],
  );
  if (rows.length > 0) io.stdout.write(table(['CUSTOMIZER', 'WOULD BE', 'BECAUSE'], rows, style));
  return exitCodes.ok;
}

async function prune(context: CommandContext, options: PruneOptions): Promise<number> {
  const { io, ports, cancellation } = context;
  const removed = await ports.cache.prune(
    { all: options.all === true, maxSizeBytes: options.maxSize, maxIdleMs: options.olderThan },
    cancellation.signal,
  );
  const freedBytes = removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (options.json === true) {
    io.stdout.write(`${safeJson({ freedBytes, removed })}\n`);
    return exitCodes.ok;
  }
  const style = styleOf(io, io.stdout);
  if (removed.length > 0)
    io.stdout.write(table(['CHECKPOINT', 'TEMPLATE', 'WHY', 'SIZE'], removed.map(removedRow), style));
  io.stdout.write(
    removed.length === 0 ? 'Nothing to prune.\n' : `${style.bold(`Freed ${formatBytes(freedBytes)}`)}\n`,
  );
  return exitCodes.ok;
}

const reasonText: Readonly<Record<EvictedCacheEntry['reason'], string>> = {
  asked: 'asked for',
  damaged: 'damaged',
  space: 'over the limit',
  age: 'not used for long',
};

function removedRow(entry: EvictedCacheEntry): readonly string[] {
  const { key, title, templateName, reason, sizeBytes } = entry;
  return [title ?? key.slice(0, 12), templateName ?? '', reasonText[reason], formatBytes(sizeBytes)];
}

/** Each entry after the one it lies on; what lies on nothing that is listed stands at the margin. */
export function inTreeOrder(
  entries: readonly CacheEntry[],
): readonly { readonly entry: CacheEntry; readonly depth: number }[] {
  const keys = new Set(entries.map(({ key }) => key));
  const below = (parentKey: string | undefined, depth: number): { entry: CacheEntry; depth: number }[] =>
    entries
      .filter((entry) => (keys.has(entry.parentKey ?? '') ? entry.parentKey : undefined) === parentKey)
      .flatMap((entry) => [{ entry, depth }, ...below(entry.key, depth + 1)]);
  return below(undefined, 0);
}

/** `45 min`, `3 h`, `12 d`: whole units, rounded down. */
export function ageText(ageMs: number): string {
  if (ageMs < HOUR_MS) return `${Math.max(0, Math.floor(ageMs / MINUTE_MS))} min`;
  if (ageMs < 2 * DAY_MS) return `${Math.floor(ageMs / HOUR_MS)} h`;
  return `${Math.floor(ageMs / DAY_MS)} d`;
}

function sizeOption(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined) throw new InvalidArgumentError('Use a size such as 10GiB or 500MiB.');
  return bytes;
}

function ageOption(text: string): number {
  const age = parseAge(text);
  if (age === undefined) throw new InvalidArgumentError('Use a whole number with a unit: 7d, 12h or 30m.');
  return age;
}
