/** `./goldsmith images`: what is in the image store, and bringing images in. */
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { Generation, OsType } from '../../model/image-template.ts';
import type { Provisioning } from '../../model/image.ts';
import { formatBytes } from '../../model/sizes.ts';
import { examples, jsonOption, runCommandBody, type CommandContext } from '../command-context.ts';
import { exitCodes } from '../exit-codes.ts';
import { styleOf } from '../io.ts';
import type { ImageEntry } from '../ports.ts';
import { openProgress, type ProgressMode } from '../render/progress.ts';
import { safeJson, safeLine } from '../render/safe-text.ts';
import { facts, table } from '../render/table.ts';
import { progressOption } from './build.ts';

interface JsonOptions {
  readonly json?: boolean;
}

interface ImportOptions extends JsonOptions {
  readonly name: string;
  readonly os: OsType;
  readonly generation?: Generation;
  readonly provisioning: Provisioning;
  readonly replace?: boolean;
  readonly progress: ProgressMode;
}

const REFERENCE =
  'Publisher:Offer:Sku[:Version], gallery/definition[/version], an ARM id, a name, or the start of a digest';

export function addImagesCommand(program: Command, context: CommandContext): void {
  const images = program
    .command('images')
    .summary('list, show, import and remove images')
    .description(
      'The image store: source images that templates start from, and images that builds published.',
    );
  images.helpCommand(false);
  addList(images, context);
  addShow(images, context);
  addImport(images, context);
  addRemove(images, context);
  examples(images, ['./goldsmith images list', './goldsmith images show Debian:debian-12:12-gen2:latest']);
}

function addList(images: Command, context: CommandContext): void {
  images
    .command('list')
    .alias('ls')
    .description('Lists every image in the store.')
    .addOption(jsonOption())
    .action(async (options: JsonOptions) => runCommandBody(context, () => list(context, options), options));
}

function addShow(images: Command, context: CommandContext): void {
  images
    .command('show')
    .description('Shows everything that is known about one image.')
    .argument('<image>', REFERENCE)
    .addOption(jsonOption())
    .action(async (reference: string, options: JsonOptions) =>
      runCommandBody(
        context,
        async () => {
          const image = await context.ports.images.show(reference);
          showImage(context, image, options);
          return exitCodes.ok;
        },
        options,
      ),
    );
}

function addImport(images: Command, context: CommandContext): void {
  const command = images
    .command('import')
    .description(
      'Brings a disk image into the store, so that templates can start from it. The file is checked and copied, never changed.',
    )
    .argument('<file>', 'disk file: raw, vhd, qcow2, vhdx, vmdk')
    .requiredOption('--name <name>', 'name of the managed image it becomes, or its whole ARM id')
    .addOption(new Option('--os <type>', 'operating system').choices(['Linux', 'Windows']).default('Linux'))
    .addOption(
      new Option(
        '--generation <v>',
        'V1 boots by BIOS, V2 by UEFI (default: as the disk is partitioned)',
      ).choices(['V1', 'V2']),
    )
    .addOption(
      new Option(
        '--provisioning <way>',
        'how its first boot is fed: like an Azure VM, or with a NoCloud seed',
      )
        .choices(['azure', 'nocloud'])
        .default('azure'),
    )
    .option('--replace', 'take the place of an image of that name')
    .addOption(jsonOption())
    .addOption(progressOption())
    .action(async (source: string, options: ImportOptions) =>
      runCommandBody(context, () => importImage(context, source, options), options),
    );
  examples(command, [
    './goldsmith images import debian-12.qcow2 --name debian-12 --provisioning nocloud',
    './goldsmith images import base.vhd --name base --generation V1 --replace',
  ]);
}

function addRemove(images: Command, context: CommandContext): void {
  images
    .command('rm')
    .description('Removes images from the store.')
    .argument('<image...>', REFERENCE)
    .action(async (references: string[]) =>
      runCommandBody(context, async () => {
        for (const reference of references) {
          const freedBytes = await context.ports.images.remove(reference);
          context.io.stdout.write(`Removed ${safeLine(reference)} (${formatBytes(freedBytes)} freed)\n`);
        }
        return exitCodes.ok;
      }),
    );
}

async function list(context: CommandContext, options: JsonOptions): Promise<number> {
  const { io, ports } = context;
  const images = await ports.images.list();
  if (options.json === true) {
    io.stdout.write(`${safeJson(images)}\n`);
  } else if (images.length === 0) {
    io.stdout.write('There are no images yet. `./goldsmith demo` makes the first one.\n');
  } else {
    const rows = images.map((image) => [
      image.reference,
      image.kind,
      image.osType,
      image.generation,
      formatBytes(image.virtualSizeBytes),
      formatBytes(image.allocatedSizeBytes),
      image.createdAt.slice(0, 10),
    ]);
    io.stdout.write(
      table(['IMAGE', 'KIND', 'OS', 'GEN', 'DISK', 'STORED', 'MADE'], rows, styleOf(io, io.stdout)),
    );
  }
  return exitCodes.ok;
}

async function importImage(context: CommandContext, file: string, options: ImportOptions): Promise<number> {
  const { io, ports, cancellation } = context;
  using progress = openProgress(io, { mode: options.progress, onStderr: options.json === true });
  cancellation.onCancel((message) => progress.note(message));
  const { image, format, generationBecause } = await ports.images.import(
    {
      path: resolve(io.cwd, file),
      name: options.name,
      osType: options.os,
      generation: options.generation,
      provisioning: options.provisioning,
      replace: options.replace === true,
    },
    progress.sink,
    cancellation.signal,
  );
  progress[Symbol.dispose]();
  showImage(context, image, options);
  io.stderr.write(
    safeLine(`Read as ${format}. Generation ${image.generation}: ${generationBecause}.`).concat('\n'),
  );
  return exitCodes.ok;
}

function showImage(context: CommandContext, image: ImageEntry, options: JsonOptions): void {
  const { io } = context;
  if (options.json === true) {
    io.stdout.write(`${safeJson(image)}\n`);
    return;
  }
  io.stdout.write(
    facts(
      [
        ['image', image.reference],
        ['kind', image.kind],
        ['system', `${image.osType}, generation ${image.generation}, ${image.architecture}`],
        [
          'size',
          `${formatBytes(image.virtualSizeBytes)} disk, ${formatBytes(image.allocatedSizeBytes)} stored`,
        ],
        ['digest', image.digest],
        ['made', image.createdAt],
        ['file', image.path ?? 'damaged: build, import or download it again'],
      ],
      styleOf(io, io.stdout),
    ),
  );
}
