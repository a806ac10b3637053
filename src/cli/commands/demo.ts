/**
 * `./goldsmith demo`: from nothing to a served web page. Checks the machine, builds the example template, boots the
 * image in a new VM and asks the web server inside for its page.
 */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { GoldsmithError } from '../../model/errors.ts';
import type { ImageTemplate } from '../../model/image-template.ts';
import type { Artifact, RunRecord } from '../../model/run.ts';
import { examples, runCommandBody, type CommandContext } from '../command-context.ts';
import { exitCodeOfRun, exitCodes } from '../exit-codes.ts';
import { httpGet, type HttpAnswer } from '../http-answer.ts';
import { styleOf } from '../io.ts';
import { readTemplate, templateNameOf } from '../read-template.ts';
import { openProgress, type ProgressMode } from '../render/progress.ts';
import { runSummary } from '../render/run-summary.ts';
import { safeLine } from '../render/safe-text.ts';
import type { Style } from '../render/style.ts';
import { progressOption } from './build.ts';
import { reusePolicy } from './reuse-options.ts';
import { doctorText, installWhatIsMissing } from './doctor.ts';

interface DemoOptions {
  readonly output?: string;
  readonly progress: ProgressMode;
}

export function addDemoCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('demo')
    .summary('build and boot an example image, from nothing')
    .description(
      'Installs what is missing (as root), builds an example template with nginx in it, boots the image in a new VM and shows the page it serves. A second run reuses the base image.',
    )
    .option('-o, --output <folder>', 'where the image goes (default: goldsmith-out/<name>)')
    .addOption(progressOption())
    .action(async (options: DemoOptions) => runCommandBody(context, () => demo(context, options)));
  examples(command, ['./goldsmith demo']);
}

async function demo(context: CommandContext, options: DemoOptions): Promise<number> {
  heading(context, '1/4', 'Is this machine ready?');
  await prepareHost(context);
  heading(context, '2/4', 'Build an image from examples/nginx-vhd.json');
  const record = await buildExample(context, options);
  const exitCode = exitCodeOfRun(record);
  const image = record.artifacts.find((artifact) => artifact.kind === 'VHD');
  if (exitCode !== exitCodes.ok || image === undefined) return exitCode === 0 ? exitCodes.internal : exitCode;
  heading(context, '3/4', 'Boot the image in a new VM');
  const answer = await askImage(context, image, options);
  heading(context, '4/4', 'The answer of nginx inside the new VM');
  const { io } = context;
  const style = styleOf(io, io.stdout);
  io.stdout.write(answerText(answer, style));
  io.stdout.write(whatNow(image, style));
  return exitCodes.ok;
}

async function prepareHost(context: CommandContext): Promise<void> {
  const { io } = context;
  const report = await installWhatIsMissing(context, (line) => io.stdout.write(`  ${safeLine(line)}\n`));
  io.stdout.write(doctorText(report, styleOf(io, io.stdout)));
  if (!report.ready) {
    throw new GoldsmithError('HostNotReady', 'This machine is not ready to build', {
      hint: 'Do what the lines above say, then run the demo again.',
    });
  }
}

async function buildExample(context: CommandContext, options: DemoOptions): Promise<RunRecord> {
  const { io, ports, cancellation } = context;
  const path = ports.demo.templatePath;
  const outcome = await readTemplate(io, ports.templates, path, {});
  if (!outcome.valid) throw new GoldsmithError('Internal', `The example template "${path}" is not valid`);
  await tellWhatIsReused(context, outcome.template);
  const templateName = templateNameOf(path, outcome.template.name, undefined);
  using progress = openProgress(io, { mode: options.progress, onStderr: false });
  cancellation.onCancel((message) => progress.note(message));
  const record = await ports.builds.run(
    {
      template: outcome.template,
      templatePath: path,
      templateName,
      outputFolder: resolve(io.cwd, options.output ?? `goldsmith-out/${templateName}`),
      copies: [],
      keepOnError: false,
      reuse: reusePolicy({}, outcome.template.customize),
      resume: false,
    },
    progress.sink,
    cancellation.signal,
  );
  progress[Symbol.dispose]();
  const stream = exitCodeOfRun(record) === exitCodes.ok ? io.stdout : io.stderr;
  stream.write(runSummary(record, progress.view(), styleOf(io, stream)));
  return record;
}

async function tellWhatIsReused(context: CommandContext, template: ImageTemplate): Promise<void> {
  const { source } = template;
  if (source.type !== 'PlatformImage') return;
  const prefix = `${source.publisher}:${source.offer}:${source.sku}:`;
  const base = (await context.ports.images.list()).find(({ reference }) => reference.startsWith(prefix));
  context.io.stdout.write(
    base === undefined
      ? `The base image ${prefix}latest is made first; later builds reuse it.\n`
      : `The base image ${safeLine(base.reference)} is on this machine already and is used again.\n`,
  );
}

async function askImage(context: CommandContext, image: Artifact, options: DemoOptions): Promise<HttpAnswer> {
  const { io, ports, cancellation } = context;
  const { signal } = cancellation;
  using progress = openProgress(io, { mode: options.progress, onStderr: false });
  cancellation.onCancel((message) => progress.note(message));
  await using machine = await ports.machines.boot(
    {
      ...{ image: image.path, memoryBytes: undefined, cpus: undefined, network: false },
      ...{ generation: undefined, provisioning: undefined },
    },
    progress.sink,
    signal,
  );
  // A login works before every service is up; systemd says when it is done (a degraded system is still an answer).
  await machine.run('systemctl is-system-running --wait', () => undefined, signal);
  return await httpGet(await machine.dial(80, signal), '/', signal);
}

function heading(context: CommandContext, step: string, text: string): void {
  const { io } = context;
  const style = styleOf(io, io.stdout);
  io.stdout.write(`\n${style.cyan(step)} ${style.bold(text)}\n\n`);
}

function answerText(answer: HttpAnswer, style: Style): string {
  const body = answer.body.trim().split('\n').slice(0, 12);
  const lines = [
    `HTTP ${answer.status}${answer.server === undefined ? '' : `, server: ${answer.server}`}`,
    '',
    ...body,
  ];
  return lines.map((line) => `  ${style.dim(style.marks.bar)} ${safeLine(line)}\n`).join('');
}

function whatNow(image: Artifact, style: Style): string {
  const path = safeLine(image.path);
  return `
${style.green(style.marks.done)} ${style.bold('Done. The image is at')} ${path}

  Boot it and look around
    ./goldsmith boot ${path}

  Or with QEMU alone
    qemu-system-x86_64 -m 2048 -snapshot -nographic -drive file=${path},format=vpc,if=virtio \\
      -drive if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE.fd

  Or take it to Azure
    az storage blob upload --type page --account-name <account> --container-name vhds --name nginx.vhd --file ${path}
    az image create --resource-group <group> --name nginx --os-type Linux --hyper-v-generation V2 \\
      --source https://<account>.blob.core.windows.net/vhds/nginx.vhd
`;
}
