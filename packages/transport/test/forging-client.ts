import { createCipheriv, createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { SocketAddress, TlsIdentity } from '@qconn/transport';
import { RawClient } from './raw-client.ts';

/** Far above what the engine has used in the handshake. */
const FIRST_PACKET_NUMBER = 1_000_000;

/** A variable-length integer (RFC 9000, section 16), of eight bytes for what needs more than four. */
export function varint(value: number): Buffer {
  if (value < 64) return Buffer.of(value);
  if (value < 16_384) return Buffer.of(0x40 | (value >> 8), value & 0xff);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value) | (3n << 62n));
  return bytes;
}

/**
 * A client that shakes hands honestly and from then on writes its packets itself, with the keys of the connection, so that
 * a test may put into them what no engine would: any frames, any acknowledgements, and no reaction to anything.
 */
export class ForgingClient {
  readonly raw: RawClient;
  readonly #key: Buffer;
  readonly #iv: Buffer;
  readonly #headerKey: Buffer;
  readonly #destination: Uint8Array;
  #packetNumber = FIRST_PACKET_NUMBER;

  private constructor(raw: RawClient, secret: Buffer) {
    this.raw = raw;
    this.#key = expand(secret, 'quic key', 16);
    this.#iv = expand(secret, 'quic iv', 12);
    this.#headerKey = expand(secret, 'quic hp', 16);
    this.#destination = raw.native.destinationId();
  }

  static async connect(remote: SocketAddress, tls: TlsIdentity): Promise<ForgingClient> {
    const folder = mkdtempSync(path.join(tmpdir(), 'forging-'));
    try {
      const raw = await RawClient.create(remote, tls, (config) => config.logKeys());
      const log = path.join(folder, 'keys');
      raw.native.setKeylog(log);
      await raw.until(() => raw.native.isEstablished());
      const line = /^CLIENT_TRAFFIC_SECRET_0 \w+ (\w{64})$/m.exec(readFileSync(log, 'utf8'));
      if (line === null) throw new Error('the handshake chose a cipher that this client does not know');
      return new ForgingClient(raw, Buffer.from(line[1] ?? '', 'hex'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** A packet of the connection with these frames (RFC 9001, sections 5.3 and 5.4). */
  packet(frames: Uint8Array): Buffer {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(this.#packetNumber);
    const nonce = Buffer.from(this.#iv);
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ this.#packetNumber) >>> 0, 8);
    this.#packetNumber += 1;
    const header = Buffer.concat([Buffer.of(0x43), this.#destination, number]);
    const cipher = createCipheriv('aes-128-gcm', this.#key, nonce).setAAD(header);
    const sealed = Buffer.concat([cipher.update(frames), cipher.final(), cipher.getAuthTag()]);
    const mask = createCipheriv('aes-128-ecb', this.#headerKey, null).update(sealed.subarray(0, 16));
    header[0] = (header[0] ?? 0) ^ ((mask[0] ?? 0) & 0x1f);
    for (let index = 0; index < 4; index += 1) {
      const at = header.length - 4 + index;
      header[at] = (header[at] ?? 0) ^ (mask[1 + index] ?? 0);
    }
    return Buffer.concat([header, sealed]);
  }

  /** Sends packets until something holds, and lets everybody else have a turn now and then. @returns how many */
  async flood(frames: (index: number) => Uint8Array, until: () => boolean, max = 200_000): Promise<number> {
    let sent = 0;
    for (; sent < max && !until(); sent += 1) {
      if (sent % 50 === 49) await this.raw.send(this.packet(frames(sent)));
      else void this.raw.send(this.packet(frames(sent)));
      if (sent % 50 === 49) await new Promise((resolve) => setImmediate(resolve));
    }
    return sent;
  }

  close(): void {
    this.raw.close();
  }
}

function expand(secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.of(0, length, name.length), name, Buffer.of(0, 1)]);
  return createHmac('sha256', secret).update(info).digest().subarray(0, length);
}
