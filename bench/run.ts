/** `npm run bench [-- --cases cold,unchanged --runs 3 --json]`: Goldsmith and Packer side by side on this machine. */
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { openBuildHost } from '../src/cli/connect-build-host.ts';
import { runCommand } from '../src/host/command.ts';
import { installMissing } from '../src/host/doctor/install.ts';
import { runDoctor } from '../src/host/doctor/doctor.ts';
import { readQemuVersion } from '../src/host/accelerator/accelerator.ts';
import { openHome } from '../src/host/home.ts';
import { formatBytes } from '../src/model/sizes.ts';
import { CASES, measureCases, type CaseName } from './cases.ts';
import { writeChart } from './chart.ts';
import { writePart } from './performance-page.ts';
import { performancePage, phaseTable, summarize, type BenchMachine, type CaseSummary } from './report.ts';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: Object.keys(CASES).join(',') },
    runs: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
const wanted = values.cases.split(',').filter((name): name is CaseName => name in CASES);
if (wanted.length === 0 || wanted.length !== values.cases.split(',').length || !(runs >= 1)) {
  process.stderr.write(
    `usage: npm run bench -- [--cases ${Object.keys(CASES).join(',')}] [--runs N] [--json]\n`,
  );
  process.exit(2);
}

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
const say = (line: string): void => void process.stderr.write(`${new Date().toISOString()} ${line}\n`);

await prepareHost();
const results: readonly CaseSummary[] = (await measureCases(wanted, runs, say, stop.signal)).map(summarize);
writeChart(results);
writePart('builds', performancePage(results, await describeMachine(), runs));
process.stdout.write(
  values.json ? `${JSON.stringify({ cases: results }, undefined, 2)}\n` : terminalReport(),
);

/** Packer is needed here and nowhere else. */
async function prepareHost(): Promise<void> {
  const { signal } = stop;
  await installMissing(await runDoctor({ home: openHome(), signal }), { signal, onLine: say });
  const found = await runCommand(['sh', '-c', 'command -v packer'], { okExitCodes: [0, 1, 127] });
  if (found.exitCode !== 0) {
    const install = ['apt-get', 'install', '-y', '--no-install-recommends', 'packer'];
    await runCommand(process.getuid?.() === 0 ? install : ['sudo', ...install], { signal });
  }
}

function terminalReport(): string {
  return results
    .flatMap((item) => [
      ...phaseTable(`${item.case}: Goldsmith`, item.runs.goldsmith[0]),
      ...phaseTable(`${item.case}: Packer`, item.runs.packer[0]),
      '',
      `${item.case}: Packer's time is ${item.ratio.toFixed(2)} of ours (medians of ${runs})`,
      '',
    ])
    .join('\n');
}

async function describeMachine(): Promise<BenchMachine> {
  const { signal } = stop;
  using host = await openBuildHost(openHome(), signal);
  const packer = await runCommand(['packer', '--version'], { env: { CHECKPOINT_DISABLE: '1' } });
  return {
    cpus: cpus().length,
    memory: formatBytes(totalmem()),
    accelerator: host.accelerator,
    cpuModel: host.cpuModel,
    qemu: await readQemuVersion('qemu-system-x86_64', signal),
    packer: packer.stdout.trim().split('\n')[0] ?? '',
    node: process.version,
  };
}
