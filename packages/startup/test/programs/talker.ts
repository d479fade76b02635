import { endWithReader } from '@qconn/startup';

endWithReader();
// Until nobody reads any more: then it ends within a turn, or never.
setInterval(() => process.stdout.write('a line\n'), 1);
