/** The numbers of a benchmark run, as JSON for machines and as a page for people. */
import { formatDuration } from '../src/model/sizes.ts';
import type { CaseResult } from './cases.ts';
import { median, medianRun, overheadMs, type Measurement } from './measurement.ts';

export interface CaseSummary {
  readonly case: string;
  /** Median of all runs, milliseconds. */
  readonly goldsmithMs: number;
  readonly packerMs: number;
  /** Packer's time divided by ours. */
  readonly ratio: number;
  /** Medians of all that is not the user's scripts. */
  readonly goldsmithOverheadMs: number;
  readonly packerOverheadMs: number;
  readonly runs: { readonly goldsmith: readonly Measurement[]; readonly packer: readonly Measurement[] };
}

export function summarize(result: CaseResult): CaseSummary {
  const { goldsmith, packer } = result;
  const goldsmithMs = median(goldsmith.map((run) => run.totalMs));
  const packerMs = median(packer.map((run) => run.totalMs));
  return {
    case: result.case,
    ...{ goldsmithMs, packerMs, ratio: packerMs / goldsmithMs },
    goldsmithOverheadMs: median(goldsmith.map(overheadMs)),
    packerOverheadMs: median(packer.map(overheadMs)),
    runs: { goldsmith, packer },
  };
}

export interface BenchMachine {
  readonly cpus: number;
  readonly memory: string;
  readonly accelerator: string;
  readonly cpuModel: string;
  readonly qemu: string;
  readonly packer: string;
  readonly node: string;
}

export function performancePage(cases: readonly CaseSummary[], machine: BenchMachine, runs: number): string {
  return [
    '## Image builds',
    '',
    'Written by `npm run bench`; run it to get the numbers of your machine. Both sides build the reference template',
    'in `bench/template.json` (update the package lists, install nginx-light, write a file, check it) from the same',
    'base image, with the same firmware, CPU model, accelerator, CPUs and memory, taking turns. Packer is',
    "Debian's, with its defaults; its time includes deprovisioning and ends with a qcow2 file. Goldsmith's time",
    'includes the start of the program, generalizing and proving it, the digest of the disk and a fixed VHD.',
    '',
    `Measured with ${machine.cpus} CPUs, ${machine.memory}, ${machine.accelerator} (${machine.cpuModel}), QEMU ${machine.qemu}, Packer ${machine.packer}, Node.js ${machine.node}; medians of ${runs}.`,
    '',
    "| case | Goldsmith | Packer | Packer's time ÷ ours | our overhead | Packer's overhead |",
    '| --- | --- | --- | --- | --- | --- |',
    ...cases.map(
      (item) =>
        `| ${item.case} | ${formatDuration(item.goldsmithMs)} | ${formatDuration(item.packerMs)} | ${item.ratio.toFixed(2)} | ${formatDuration(item.goldsmithOverheadMs)} | ${formatDuration(item.packerOverheadMs)} |`,
    ),
    '',
    "Overhead is all that is not the user's scripts. The phases of each side's median run:",
    ...cases.flatMap((item) => [
      ...phaseTable(`${item.case}: Goldsmith`, medianRun(item.runs.goldsmith)),
      ...phaseTable(`${item.case}: Packer`, medianRun(item.runs.packer)),
    ]),
    '',
  ].join('\n');
}

export function phaseTable(title: string, run: Measurement | undefined): readonly string[] {
  if (run === undefined) return [];
  const mark = (isScript: boolean): string => (isScript ? 'script' : 'overhead');
  return [
    '',
    `### ${title}`,
    '',
    '| phase | time | |',
    '| --- | --- | --- |',
    ...run.phases.map(
      (phase) => `| ${phase.name} | ${formatDuration(phase.durationMs)} | ${mark(phase.isUserScript)} |`,
    ),
    `| **all** | **${formatDuration(run.totalMs)}** | |`,
  ];
}
