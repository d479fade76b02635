import path from 'node:path';

/** Where a running agent answers: in the credential folder, which is its owner's alone. */
export function socketPath(credentials: string): string {
  return path.join(credentials, 'agent.sock');
}
