export { run } from './run.ts';
export type { Screen, Surroundings } from './surroundings.ts';
