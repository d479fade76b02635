import { apiOperations } from '../../apps/hub/src/http/operations.ts';
import { ERROR_TABLE } from '../../packages/protocol/src/index.ts';
import { SITUATIONS, verdictOn, type Verdict } from './access-matrix.ts';
import { code, markdownTable } from './markdown-table.ts';

/** Who is let in where: one line for each endpoint. */
export function accessSection(): string {
  const rows = apiOperations()
    .toSorted((a, b) => a.path.localeCompare(b.path, 'en') || a.method.localeCompare(b.method, 'en'))
    .map(({ method, path, access }) => [
      code(`${method} ${path}`),
      access === 'public' ? 'everybody' : access === 'any' ? 'anybody proven' : code(access),
      ...SITUATIONS.map((situation) => mark(verdictOn(access, situation))),
    ]);
  return markdownTable(['endpoint', 'for', ...SITUATIONS], rows);
}

function mark(verdict: Verdict): string {
  return verdict === 'in' ? '✓' : String(ERROR_TABLE[verdict].http);
}
