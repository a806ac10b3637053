/** From what was typed to a checked template: a file or standard input, then every check. */
import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { GoldsmithError } from '../model/errors.ts';
import type { ImageTemplate } from '../model/image-template.ts';
import type { Io } from './io.ts';
import type { TemplateOutcome, Templates, TemplateWishes } from './ports.ts';

/** Far above any real template; keeps a wrong file (a disk image) out of memory. */
const MAX_TEMPLATE_BYTES = 8 * 1024 * 1024;

/**
 * Reads and checks one template; `-` is standard input.
 * @throws GoldsmithError `BadUsage` when the file cannot be read. A bad document is no error but issues.
 */
export async function readTemplate(
  io: Io,
  templates: Templates,
  path: string,
  wishes: TemplateWishes,
): Promise<TemplateOutcome> {
  const text = path === '-' ? await readAll(io.stdin.stream) : await readText(resolve(io.cwd, path), path);
  return templates.parse(text, wishes);
}

/**
 * The template in the file, for commands that do more than judge it.
 * @throws GoldsmithError `BadUsage` as {@link readTemplate}, `BadTemplate` for a document that is not valid.
 */
export async function readValidTemplate(
  io: Io,
  templates: Templates,
  path: string,
): Promise<{ readonly template: ImageTemplate; readonly templateName: string }> {
  const outcome = await readTemplate(io, templates, path, {});
  if (!outcome.valid) {
    throw new GoldsmithError('BadTemplate', `The template "${path}" is not valid`, {
      hint: `\`./goldsmith validate ${path}\` says what is wrong.`,
    });
  }
  const { template } = outcome;
  return { template, templateName: templateNameOf(path, template.name, undefined) };
}

/** `--name`, else the name in the document, else the file's name. */
export function templateNameOf(
  path: string,
  inDocument: string | undefined,
  wished: string | undefined,
): string {
  const fromFile = path === '-' ? 'template' : basename(path).replace(/\.json$/i, '');
  const name = (wished ?? inDocument ?? fromFile).replaceAll(/[^A-Za-z0-9._-]/g, '-').replace(/^[.-]+/, '');
  return name === '' ? 'template' : name.slice(0, 64);
}

async function readText(absolute: string, shown: string): Promise<string> {
  try {
    const bytes = await readFile(absolute, { flag: 'r' });
    if (bytes.length > MAX_TEMPLATE_BYTES) throw tooLarge(shown);
    return bytes.toString('utf8');
  } catch (cause) {
    if (cause instanceof GoldsmithError) throw cause;
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
    throw new GoldsmithError('BadUsage', `Cannot read "${shown}" (${why})`, {
      cause,
      hint:
        why === 'ENOENT'
          ? 'Check the path, or use - to read the template from standard input.'
          : 'Check the path and its permissions.',
    });
  }
}

async function readAll(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_TEMPLATE_BYTES) throw tooLarge('-');
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tooLarge(shown: string): GoldsmithError {
  return new GoldsmithError('BadUsage', `"${shown}" is larger than 8 MiB: not a template`);
}
