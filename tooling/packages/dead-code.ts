import path from 'node:path';
import { run } from './run.ts';

/** knip: files, exports and dependencies that nothing uses; its configuration is knip.json. */
export async function deadCode(root: string): Promise<string[]> {
  const knip = path.join(root, 'node_modules/knip/bin/knip.js');
  const { ok, output } = await run(process.execPath, [knip, '--no-progress', '--no-config-hints'], root);
  return ok ? [] : [output];
}
