import { bech32m } from '@scure/base';
import { QconnError } from '@qconn/protocol';
import { systemRandom, type RandomBytes } from './x509/serial.ts';
import { Secret, type SecretKind, type SecretParts } from './secret.ts';

const ID_BYTES = 8;
const SECRET_BYTES = 16;
const PIN_BYTES = 32;

/** Bytes behind each prefix. Enrolment and bootstrap carry the pin: their holder knows nothing else of the hub yet. */
const PAYLOAD_BYTES: Readonly<Record<SecretKind, number>> = {
  qt: ID_BYTES + SECRET_BYTES + PIN_BYTES,
  qb: ID_BYTES + SECRET_BYTES + PIN_BYTES,
  qk: ID_BYTES + SECRET_BYTES,
};

const DESCRIPTION: Readonly<Record<SecretKind, string>> = {
  qt: 'an enrolment token (qt1…)',
  qb: 'a bootstrap secret (qb1…)',
  qk: 'an API key (qk_…)',
};

/** BIP 350 allows 90 characters for guaranteed detection of 4 wrong ones; ours have 99, still sure to find any one or two. */
const TEXT_MAX = 128;

/**
 * A secret as text, with a checksum: `qt1…` and `qb1…` are bech32m (BIP 350); API keys are the same
 * with `_` in place of the separator, `qk_…`.
 * @throws RangeError when a part has the wrong length: a mistake of the caller
 */
export function formatSecret(kind: SecretKind, parts: SecretParts): string {
  const payload = Buffer.concat([parts.id, parts.secret, parts.pin ?? new Uint8Array()]);
  if (parts.id.length !== ID_BYTES || parts.secret.length !== SECRET_BYTES || payload.length !== PAYLOAD_BYTES[kind]) {
    throw new RangeError(`the parts of a ${kind} secret have the wrong length`);
  }
  const text = bech32m.encode(kind, bech32m.toWords(payload), TEXT_MAX);
  return kind === 'qk' ? text.replace('qk1', 'qk_') : text;
}

/**
 * Reads a secret; white space around it is ignored. A typing error is found by the checksum, before
 * anything is sent anywhere. The error never quotes the text.
 * @param expected the kinds that are acceptable here
 * @throws QconnError token_malformed
 */
export function parseSecret(text: string, ...expected: readonly SecretKind[]): Secret {
  const trimmed = text.length > 2 * TEXT_MAX ? '' : text.trim();
  const kind = kindOf(trimmed);
  const payload = kind === undefined ? undefined : payloadOf(trimmed, kind);
  if (kind === undefined || payload === undefined) throw malformed(kind);
  if (expected.length > 0 && !expected.includes(kind)) {
    const wanted = expected.map((one) => DESCRIPTION[one]).join(' or ');
    throw new QconnError('token_malformed', `That is ${DESCRIPTION[kind]}, not ${wanted}.`);
  }
  return new Secret(kind, {
    id: payload.slice(0, ID_BYTES),
    secret: payload.slice(ID_BYTES, ID_BYTES + SECRET_BYTES),
    pin: kind === 'qk' ? undefined : payload.slice(ID_BYTES + SECRET_BYTES),
  });
}

/** A new secret: random id, 128 random bits. `pin` as its kind wants it. */
export function generateSecret(kind: SecretKind, pin?: Uint8Array, random: RandomBytes = systemRandom): Secret {
  return new Secret(kind, { id: random(ID_BYTES), secret: random(SECRET_BYTES), pin });
}

function kindOf(text: string): SecretKind | undefined {
  if (text.startsWith('qt1')) return 'qt';
  if (text.startsWith('qb1')) return 'qb';
  return text.startsWith('qk_') ? 'qk' : undefined;
}

function payloadOf(text: string, kind: SecretKind): Uint8Array | undefined {
  // Lower case only, as bech32m itself would take all-capitals too: one secret, one text.
  if (!/^q[tbk][1_][02-9ac-hj-np-z]+$/.test(text)) return undefined;
  try {
    const { words } = bech32m.decode(`${kind}1${text.slice(3)}`, TEXT_MAX);
    const payload = bech32m.fromWords(words);
    return payload.length === PAYLOAD_BYTES[kind] ? payload : undefined;
  } catch {
    return undefined; // The library's error quotes the text, which is a secret.
  }
}

function malformed(kind: SecretKind | undefined): QconnError {
  const what =
    kind === undefined
      ? 'That is not a qconn secret'
      : `That looks like ${DESCRIPTION[kind]}, but it is not complete and correct`;
  return new QconnError('token_malformed', `${what}; copy the whole text again.`);
}
