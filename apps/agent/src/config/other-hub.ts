import type { AgentConfig } from './agent-config.ts';

/**
 * Says so where the configuration names another hub than the one that the credential is from.
 * @param credentialHub the hub's HTTPS address in the credential
 */
export function otherHub({ hub }: Pick<AgentConfig, 'hub'>, credentialHub: string): string | undefined {
  if (hub === undefined || new URL(hub).origin === new URL(credentialHub).origin) return undefined;
  return `the configuration names the hub ${hub}, but the credential is from ${credentialHub}, and that counts`;
}
