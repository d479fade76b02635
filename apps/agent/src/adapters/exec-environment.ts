import type { Job } from '@qconn/client';
import { jobFacts } from './job-facts.ts';

/** What programs need to find others, their home, and their language. Everything else of the agent's stays with it. */
const ALWAYS_PASSED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR', 'SystemRoot'];

/**
 * A program's environment: the few variables that every program needs, those that the configuration names,
 * those that it sets, and the job's facts as `QCONN_FROM`, `QCONN_FROM_HOSTNAME`, `QCONN_SERVICE_TYPE`,
 * `QCONN_DEVICE`, `QCONN_IDEMPOTENCY_KEY`, `QCONN_CONTENT_TYPE`.
 */
export function jobEnvironment(
  job: Job,
  {
    environment,
    passEnvironment,
  }: { readonly environment: Readonly<Record<string, string>>; readonly passEnvironment: readonly string[] },
  own: NodeJS.ProcessEnv,
): Record<string, string> {
  const passed = [...ALWAYS_PASSED, ...passEnvironment].flatMap((name): [string, string][] => {
    const value = own[name];
    return value === undefined ? [] : [[name, value]];
  });
  const facts = Object.entries(jobFacts(job)).map(([name, value]) => [
    `QCONN_${name.toUpperCase().replaceAll('-', '_')}`,
    value,
  ]);
  return Object.fromEntries([...passed, ...Object.entries(environment), ...facts]) as Record<string, string>;
}
