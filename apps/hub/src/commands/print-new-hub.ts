import type { NewHub } from '../initialise.ts';

/** Shows a new hub's administrator what to keep and what to do. The secret is shown this once. */
export function printNewHub({ id, pin, bootstrapSecret }: NewHub, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ event: 'initialised', hub: id, pin, bootstrapSecret })}\n`);
    return;
  }
  process.stdout.write(`A new hub was made.
  hub id            ${id}
  root CA pin       ${pin}
  bootstrap secret  ${bootstrapSecret}

The bootstrap secret is shown this once and works once. With the hub running, become its first administrator:
  qconn login https://HOST:PORT   (asks for the secret)
`);
}
