import { CREDENTIAL_FILE_MAX_BYTES } from '../limits.ts';
import type { SealCost } from '../seal-cost.ts';
import { isSealed, seal, unseal } from '../sealed.ts';
import { damaged, inspectCredential, type Credential, type HubAddresses } from './credential.ts';

/**
 * The format of a credential as text, which is also the format of the files in a credential folder:
 * one JSON object,
 *
 *     { "format": "qconn-credential/1", "privateKeyPem": "…", "chainPem": ["…"],
 *       "trustBundlePem": ["…"], "hub": { "quic": [{ "host": "…", "port": 4433 }], "https": "https://…" } }
 *
 * or, with a passphrase, the same sealed (`qconn-sealed/1`, see sealed.ts). Fields that are not known
 * are ignored, so that an older program reads a newer one's file.
 */
const FORMAT = 'qconn-credential/1';

/** How a credential is encrypted at rest: not at all without a passphrase. */
export interface Protection {
  readonly passphrase?: string | undefined;
  /** Work that the passphrase costs; for tests. */
  readonly cost?: SealCost;
}

/** A credential as text. Holds the private key: belongs into files of mode 0600 only. */
export async function formatCredential(credential: Credential, { passphrase, cost }: Protection = {}): Promise<string> {
  const { privateKeyPem, chainPem, trustBundlePem, hub } = credential;
  const text = `${JSON.stringify({ format: FORMAT, privateKeyPem, chainPem, trustBundlePem, hub }, undefined, 2)}\n`;
  return passphrase === undefined ? text : seal(text, passphrase, cost === undefined ? {} : { cost });
}

/**
 * Reads a credential and checks that its parts belong together. The error never quotes the text.
 * @throws QconnError credential_damaged, passphrase_wrong
 */
export async function parseCredential(text: string, { passphrase }: Protection = {}): Promise<Credential> {
  if (text.length > CREDENTIAL_FILE_MAX_BYTES) throw damaged(`it is over ${CREDENTIAL_FILE_MAX_BYTES} bytes`);
  const credential = readJson(isSealed(text) ? await unseal(text, passphrase) : text);
  await inspectCredential(credential);
  return credential;
}

function readJson(text: string): Credential {
  const value = parseObject(text);
  if (value['format'] !== FORMAT) throw damaged(`it is not of the format ${FORMAT}`);
  const { privateKeyPem, chainPem, trustBundlePem, hub } = value;
  if (typeof privateKeyPem !== 'string') throw damaged('its private key is missing');
  if (!isTextList(chainPem)) throw damaged('its certificates are missing');
  if (!isTextList(trustBundlePem)) throw damaged('its trust bundle is missing');
  return { privateKeyPem, chainPem, trustBundlePem, hub: readHub(hub) };
}

function readHub(value: unknown): HubAddresses {
  const { quic, https } = isObject(value) ? value : {};
  if (typeof https !== 'string' || !URL.canParse(https) || new URL(https).protocol !== 'https:')
    throw damaged('its hub has no https URL');
  if (!Array.isArray(quic)) throw damaged('its hub has no list of QUIC addresses');
  return { https, quic: quic.map(readEndpoint) };
}

function readEndpoint(value: unknown): { host: string; port: number } {
  const { host, port } = isObject(value) ? value : {};
  if (
    typeof host === 'string' &&
    host !== '' &&
    typeof port === 'number' &&
    Number.isInteger(port) &&
    port > 0 &&
    port < 65_536
  )
    return { host, port };
  throw damaged('one of its hub’s QUIC addresses is malformed');
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // JSON.parse quotes what it was given, and that holds a key.
  }
  throw damaged('it is not a JSON object');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
