import { existsSync } from 'node:fs';
import { defineConfig } from 'tsup';

/**
 * One configuration for all packages; tsup runs in the folder of the package. The declarations come from
 * `tsc` afterwards. Dependencies stay imports, so that a program holds one copy of each package.
 */
export default defineConfig({
  entry: ['src/index.ts', 'src/main.ts'].filter((file) => existsSync(file)),
  format: 'esm',
  target: 'node22',
  platform: 'node',
  dts: false,
  // Some modules, such as node:sqlite, exist only with the prefix.
  removeNodeProtocol: false,
  sourcemap: true,
  clean: true,
  silent: true,
});
