/** One thing wrong with a configuration. */
export interface Mistake {
  /** Where it was written: `hub.yaml:3:5`, `environment QCONN_HUB_HTTP_PORT`, `--port`; empty when it is nowhere. */
  readonly source: string;
  /** Which setting: `http.port`; empty for the whole. */
  readonly path: string;
  /** What, in words that follow the path. */
  readonly message: string;
  /** `missing` for a key that should be there and is not. */
  readonly kind?: 'missing';
}

/** `hub.yaml:3:5: http.port must be at most 65535`. */
export function mistakeInWords({ source, path, message }: Mistake): string {
  return `${source === '' ? '' : `${source}: `}${path === '' ? '' : `${path} `}${message}`;
}
