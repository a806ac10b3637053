/** What the doctor found, as plain data: the terminal, JSON and the installer all read this. */

export type DoctorState = 'ok' | 'warning' | 'missing';

/** What `doctor --install` would do about an item. */
export type Remedy =
  | { readonly kind: 'package'; readonly package: string }
  /** Makes the system user that root's builds drop to. */
  | { readonly kind: 'build-user' }
  /** Gives `user` subordinate ids in `file` (/etc/subuid or /etc/subgid). */
  | { readonly kind: 'subordinate-ids'; readonly user: string }
  /** Only a person can do this. */
  | { readonly kind: 'manual'; readonly text: string };

export interface DoctorItem {
  /** Stable, for example `program.passt` or `user.namespaces`. */
  readonly id: string;
  readonly title: string;
  readonly state: DoctorState;
  /** What is there: a version, an amount, a reason. */
  readonly found: string;
  readonly remedy?: Remedy;
}

export interface DoctorReport {
  /** True when nothing is missing; warnings do not count. */
  readonly ready: boolean;
  readonly items: readonly DoctorItem[];
  /** `NAME` and version of /etc/os-release. */
  readonly system: string;
  /** True when `installMissing` knows this distribution's package manager. */
  readonly canInstall: boolean;
}

/** Debian packages that would be installed, sorted, each once. */
export function missingPackages(report: DoctorReport): readonly string[] {
  const names = report.items.flatMap(({ remedy }) => (remedy?.kind === 'package' ? [remedy.package] : []));
  return [...new Set(names)].toSorted();
}

/** One sentence for each thing that `installMissing` would do, in its order. */
export function installPlan(report: DoctorReport): readonly string[] {
  const packages = missingPackages(report);
  const plan = packages.length === 0 ? [] : [`install the packages ${packages.join(' ')}`];
  for (const { remedy } of report.items) {
    if (remedy?.kind === 'build-user') plan.push('create the system user goldsmith, which runs build VMs');
    if (remedy?.kind === 'subordinate-ids') plan.push(`give the user ${remedy.user} subordinate ids`);
  }
  return plan;
}
