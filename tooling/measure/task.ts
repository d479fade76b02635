import { once } from 'node:events';

/** What this process of a benchmark is to do. It ends with its parent. */
export async function receiveTask<T>(): Promise<T> {
  const [task] = (await once(process, 'message')) as [T];
  process.on('disconnect', () => process.exit(0));
  return task;
}

export function report(message: unknown): void {
  process.send?.(message);
}
