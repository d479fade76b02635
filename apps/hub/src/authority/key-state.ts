import { isSealed } from '@qconn/identity';

/** How a private key lies in the CA's folder. */
export type KeyState = 'encrypted' | 'plain' | 'absent';

export function keyState(key: string | undefined): KeyState {
  if (key === undefined) return 'absent';
  return isSealed(key) ? 'encrypted' : 'plain';
}
