import { Ballast } from './ballast.ts';

/** One for the process, as there is one heap. */
const ballast = new Ballast();

/** Memory, whatever is in it, for bytes that are given away for good: the process's ballast is told of it. */
export function freshMemory(bytes: number): Uint8Array {
  const { buffer, byteOffset } = Buffer.allocUnsafeSlow(bytes);
  ballast.given(bytes);
  return new Uint8Array(buffer, byteOffset, bytes);
}
