import type { ChildProcess } from 'node:child_process';

/** Windows has no process groups that a signal could go to: there only the program itself is ended. */
const HAS_GROUPS = process.platform !== 'win32';

/** Sends a signal to a program that leads a group of its own, and to whatever it has started in it. */
export function signalGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  try {
    if (HAS_GROUPS) process.kill(-child.pid, signal);
    else child.kill(signal);
  } catch {
    // ESRCH: nobody is left. EPERM: whoever is left has become another user's.
  }
}
