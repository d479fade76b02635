import { QconnError, type ErrorCode } from '@qconn/protocol';

/** What `pg` and PGlite say about a failure, where the server said it. */
interface DatabaseFailure {
  /** SQLSTATE, or a system error code such as ECONNREFUSED. */
  readonly code?: string;
  readonly constraint?: string;
}

/** The index that lets one authorized machine hold a hostname. */
const HOSTNAME_HELD = 'machine_hostname_held';

/** Enough for the losers among some dozens that fight for one name; each round has a winner. */
const ATTEMPTS = 8;

/** SQLSTATE or system error codes for: the server is not there, or does not let us in. */
const UNAVAILABLE =
  /^(08...|57P0[1-5]|53[0-9]{3}|28...|3D000|25P03|E(CONN\w+|TIMEDOUT|PIPE|NOTFOUND|AI_AGAIN|HOSTUNREACH|NETUNREACH|NOENT|ACCES))$/;

/** `pg` and kysely give these conditions no code. */
const UNAVAILABLE_TEXT =
  /^(Connection terminated|Query read timeout|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after|Client was closed|driver has already been destroyed|PGlite is clos(ing|ed))/;

/** Constraints whose violation is the caller's mistake, by what to tell it. */
const CONSTRAINTS: Readonly<Record<string, ErrorCode>> = {
  [HOSTNAME_HELD]: 'hostname_taken',
  machine_hostname_form: 'hostname_invalid',
  machine_role_known: 'unknown_role',
  idempotency_key: 'already_done',
};

/** Runs `work` and turns what the database throws into a QconnError. */
export async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translate(error);
  }
}

/** Runs `work` again when the database undid it only because of what others did at the same time. */
export async function retrySafely<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !lostRace(error as DatabaseFailure)) throw error;
    }
  }
}

function lostRace({ code, constraint }: DatabaseFailure): boolean {
  const deadlockOrConflict = code === '40P01' || code === '40001';
  return deadlockOrConflict || (code === '23505' && constraint === HOSTNAME_HELD);
}

function translate(error: unknown): unknown {
  if (error instanceof QconnError || !(error instanceof Error)) return error;
  const { code = '', constraint } = error as DatabaseFailure;
  if (UNAVAILABLE.test(code) || UNAVAILABLE_TEXT.test(error.message)) {
    return new QconnError('database_unavailable', `The database cannot be reached: ${error.message || code}`, {
      cause: error,
    });
  }
  const known = constraint === undefined ? undefined : CONSTRAINTS[constraint];
  if (known !== undefined) return new QconnError(known, undefined, { cause: error });
  // 22: data that the types do not hold, such as NUL in text. 23: a constraint that has no code of its own.
  if (/^(22|23)...$/.test(code))
    return new QconnError('invalid_request', `The database refuses the values: ${error.message}`, { cause: error });
  return error;
}
