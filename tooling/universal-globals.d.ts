/**
 * The only globals that a pure part may use: the WHATWG Encoding Standard, present in every
 * JavaScript runtime. Pure packages compile without Node's types and without the DOM's.
 */
declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>;
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number };
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input?: Uint8Array): string;
}
