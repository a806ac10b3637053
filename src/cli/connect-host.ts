/** The `HostChecks` port on the doctor. */
import { runDoctor } from '../host/doctor/doctor.ts';
import { installMissing } from '../host/doctor/install.ts';
import type { Home } from '../host/home.ts';
import type { HostChecks } from './ports.ts';

export function connectHost(home: () => Home): HostChecks {
  return {
    check: async (signal) => runDoctor({ home: home(), signal, fresh: false }),
    install: async (report, onLine, signal) => installMissing(report, { signal, onLine }),
  };
}
