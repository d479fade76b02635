import { systemClock } from '@qconn/clock';
import { isQconnError } from '@qconn/protocol';
import { EXIT_FAILED, EXIT_OK } from '@qconn/startup';
import { readConfig, type ConfigFlags } from '../config/read-config.ts';
import { examine } from '../doctor/examine.ts';
import { failure, ok, type Finding } from '../doctor/finding.ts';

export interface DoctorFlags extends ConfigFlags {
  readonly json?: boolean;
}

const MARKS: Readonly<Record<Finding['state'], string>> = {
  ok: 'ok     ',
  warning: 'warning',
  failed: 'FAILED ',
  skipped: 'skipped',
};

/** `qconn-agent doctor`. @returns the exit code: 1 when something does not work */
export async function doctorCommand(flags: DoctorFlags): Promise<number> {
  const tell = flags.json === true ? () => {} : tellFinding;
  const findings: Finding[] = [];
  try {
    const config = readConfig(flags, ['credentials']);
    findings.push(ok('configuration', 'has no mistakes'));
    findings.forEach(tell);
    findings.push(...(await examine(config, systemClock, tell)));
  } catch (error) {
    if (!isQconnError(error, 'config_invalid')) throw error;
    findings.push(failure('configuration', error.message, error.action));
    findings.forEach(tell);
  }
  const failed = findings.filter(({ state }) => state === 'failed').length;
  if (flags.json === true) process.stdout.write(`${JSON.stringify(findings)}\n`);
  else
    process.stdout.write(
      failed === 0 ? '\nNothing is broken.\n' : `\n${failed} of ${findings.length} checks failed.\n`,
    );
  return failed === 0 ? EXIT_OK : EXIT_FAILED;
}

function tellFinding({ check, state, detail, action }: Finding): void {
  process.stdout.write(`${MARKS[state]}  ${check}: ${detail}\n`);
  if (action !== undefined) process.stdout.write(`         what to do: ${action}\n`);
}
