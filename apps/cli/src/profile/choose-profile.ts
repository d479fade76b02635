import { QconnError } from '@qconn/protocol';
import { DEFAULT_PROFILE, type Profile } from './profile.ts';

/**
 * The profile that is meant: the one that is named, else `default`, else the only one.
 * @returns undefined when there is none at all and none was named
 * @throws QconnError `unauthenticated` when the named one is missing, `usage` when several could be meant
 */
export function chooseProfile(
  profiles: ReadonlyMap<string, Profile>,
  named: string | undefined,
): { name: string; profile: Profile } | undefined {
  const [first, ...others] = profiles.keys();
  const name = named ?? (profiles.has(DEFAULT_PROFILE) || others.length > 0 ? DEFAULT_PROFILE : first);
  const profile = name === undefined ? undefined : profiles.get(name);
  if (name !== undefined && profile !== undefined) return { name, profile };
  const there = [...profiles.keys()].join(', ');
  if (named !== undefined)
    throw new QconnError(
      'unauthenticated',
      `There is no profile ${named}${there === '' ? '' : `; there are: ${there}`}.`,
    );
  if (others.length > 0)
    throw new QconnError('usage', `Which hub? Add --profile NAME, or set QCONN_PROFILE. Profiles: ${there}.`);
  return undefined;
}
