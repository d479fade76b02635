import path from 'node:path';
import { Child as AnyChild } from '../../../../tooling/measure/child.ts';

const FOLDER = path.resolve(import.meta.dirname, '../processes');

/** A process of this benchmark. */
export class Child extends AnyChild {
  /** @param file in `bench/processes` @param task what it is to do @param flags of Node */
  constructor(file: string, task: unknown, flags: readonly string[] = []) {
    super(path.join(FOLDER, file), task, flags);
  }
}
