import { rm } from 'node:fs/promises';
import type { Clock } from '@qconn/clock';
import { TrustBundle, type CertificateAuthority } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import type { RotationRecord, Store } from '@qconn/store';
import { hasAuthority, loadAuthority, readAuthority } from './authority-files.ts';
import { nextFolder, previousFolder } from './authority-folders.ts';
import { replaceAuthority } from './replacement.ts';

/** What the hub's CA works with. */
export interface AuthoritySources {
  readonly store: Pick<Store, 'rotations' | 'credentials'>;
  readonly clock: Clock;
  /** Of the CA. */
  readonly folder: string;
  /** Under which its keys are encrypted. */
  readonly passphrase: string | undefined;
}

/** The CAs of a hub, as they are at one moment. */
export interface Authorities {
  /** Of the root that was in force before a rotation, or outside of one. */
  readonly base: CertificateAuthority;
  /** Of the root to come. */
  readonly next: CertificateAuthority | undefined;
  /** The issuing CA before this one, while certificates of it live: for its revocation list. */
  readonly previous: CertificateAuthority | undefined;
  /** The rotation under way. */
  readonly rotation: RotationRecord | undefined;
  readonly trust: TrustBundle;
}

/**
 * Reads them, and finishes a prune that a crash has interrupted.
 * @throws QconnError as `loadAuthority`; `ca_unusable` when folder and database disagree
 */
export async function readAuthorities({ folder, passphrase, store }: AuthoritySources): Promise<Authorities> {
  const last = await store.rotations.last();
  if (last?.phase === 'pruned') await finishPrune(folder, last);
  const base = await loadAuthority(folder, passphrase);
  const previous = (await hasAuthority(previousFolder(folder)))
    ? await loadAuthority(previousFolder(folder), passphrase)
    : undefined;
  if (last === undefined || last.endedAt !== null)
    return { base, next: undefined, previous, rotation: undefined, trust: trustOf(base) };
  if (!(await hasAuthority(nextFolder(folder)))) throw disagreement(last, nextFolder(folder));
  const next = await loadAuthority(nextFolder(folder), passphrase);
  if (next.rootPinHex !== last.root) throw disagreement(last, nextFolder(folder));
  return { base, next, previous, rotation: last, trust: TrustBundle.parse([base.rootPem, next.rootPem]) };
}

/** The database has ended the rotation; the files may not have followed. */
async function finishPrune(folder: string, last: RotationRecord): Promise<void> {
  if (!(await hasAuthority(nextFolder(folder)))) return;
  const next = await loadRootPin(nextFolder(folder));
  if (next === last.root) await adoptNext(folder);
}

async function loadRootPin(folder: string): Promise<string> {
  return TrustBundle.parse((await readAuthority(folder)).rootPem).roots[0]?.pinHex ?? '';
}

/** Puts the CA to come in the place of the one in force. The files are taken over as they are: what is encrypted stays so. */
export async function adoptNext(folder: string): Promise<void> {
  await replaceAuthority(folder, await readAuthority(nextFolder(folder)));
  await rm(nextFolder(folder), { recursive: true, force: true });
  await rm(previousFolder(folder), { recursive: true, force: true });
}

function disagreement({ root, phase }: RotationRecord, folder: string): QconnError {
  return new QconnError(
    'ca_unusable',
    `The database says that a rotation to the root ${root} is ${phase}, but that CA is not in ${folder}: one of the two is older than the other.`,
  );
}

export function trustOf(authority: CertificateAuthority): TrustBundle {
  return TrustBundle.parse(authority.rootPem);
}
