/**
 * Rendezvous hashing: each key ranks every candidate by a score of the two, and the highest wins. When a candidate
 * goes, only its own keys move, each to the next of its ranking; when one comes, it takes its share and moves no other.
 * (Thaler, Ravishankar: Using name-based mappings to increase hit rates, IEEE/ACM Transactions on Networking 6, 1998.)
 */

/** A number of a name, for {@link score}: 32-bit FNV-1a over its UTF-16 units. */
export function hashOf(name: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01_00_01_93);
  return hash >>> 0;
}

/** How high a key ranks a candidate, 0 … 2³² − 1. @param key, candidate their {@link hashOf} */
export function score(key: number, candidate: number): number {
  // The finalizer of MurmurHash3: each bit of the input changes half of the output's.
  let mixed = Math.imul(key, 0x9e_37_79_b1) ^ candidate;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85_eb_ca_6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2_b2_ae_35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * The acceptable candidate that a key ranks highest; of two with the same score the one whose name sorts first.
 * @param acceptable asked only of those that would lead, some ln n of n
 */
export function favourite<C extends { readonly hash: number; readonly id: string }>(
  candidates: Iterable<C>,
  key: string,
  acceptable: (candidate: C) => boolean,
): C | undefined {
  const keyHash = hashOf(key);
  let best: C | undefined;
  let bestScore = -1;
  for (const candidate of candidates) {
    const own = score(keyHash, candidate.hash);
    const leads = own > bestScore || (own === bestScore && best !== undefined && candidate.id < best.id);
    if (!leads || !acceptable(candidate)) continue;
    best = candidate;
    bestScore = own;
  }
  return best;
}
