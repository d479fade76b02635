import { join } from 'node:path';
import { isQconnError } from '@qconn/protocol';
import { SmallDisk } from '@qconn/testkit';
import { openStore } from '@qconn/store';

const disk = SmallDisk.given();
const said = await openStore({ folder: join(disk.folder, 'db') }).then(
  () => 'opened',
  (error: unknown) => (isQconnError(error) ? `${error.code}: ${error.message}` : String(error)),
);
console.log(JSON.stringify(said));
process.exit();
