/** Writes `docs/reference/cli.md`. Run it after changing a command: `tools/node src/cli/write-reference.ts`. */
import { join } from 'node:path';
import { writeFileAtomic } from '../host/atomic-file.ts';
import { openIo } from './io.ts';
import { connectPorts } from './connect-ports.ts';
import { buildProgram } from './program.ts';
import { referencePage } from './reference-page.ts';
import { watchSignals } from './signals.ts';

const root = join(import.meta.dirname, '..', '..');
using cancellation = watchSignals(process, () => undefined);
const context = { io: openIo(), ports: connectPorts(root), cancellation, finish: () => undefined };
writeFileAtomic(join(root, 'docs', 'reference', 'cli.md'), referencePage(buildProgram(context, '')));
