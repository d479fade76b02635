/** What an administrator may do: the service types of `admin` grants, so that a role may allow `machines.*` and no more. */
export const ADMIN_ACTIONS = [
  'audit.read',
  'ca.read',
  'ca.rotate',
  'certificates.read',
  'certificates.revoke',
  'config.read',
  'config.reload',
  'exchanges.read',
  'keys.read',
  'keys.write',
  'machines.approve',
  'machines.read',
  'machines.revoke',
  'metrics.read',
  'roles.read',
  'roles.write',
  'sessions.read',
  'tokens.read',
  'tokens.write',
] as const;

export type AdminAction = (typeof ADMIN_ACTIONS)[number];

/**
 * Who may call a route: everybody, whoever proves to be somebody (`any`: an API key or a machine's
 * certificate, with whatever rights), or who holds this administrative action.
 */
export type Access = 'public' | 'any' | AdminAction;

/** Who may call a route, as the reference says it. */
export function accessInWords(access: Access): string {
  if (access === 'public') return 'For everybody.';
  return access === 'any' ? 'For whoever proves to be somebody.' : `For who holds the administrative action ${access}.`;
}
