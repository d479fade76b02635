import { join } from 'node:path';

/** The folder of the CA in the hub's data folder. */
export function authorityFolder(dataFolder: string): string {
  return join(dataFolder, 'ca');
}

/** Within the CA's folder: the CA of the root to come, while the root is being replaced. */
export function nextFolder(folder: string): string {
  return join(folder, 'next');
}

/** Within the CA's folder: the issuing CA before this one. */
export function previousFolder(folder: string): string {
  return join(folder, 'previous');
}
