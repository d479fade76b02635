/** One row of the error table. docs/errors.md is held to this table by a test. */
export interface ErrorRow {
  /** Number on the wire. Never reused, not even after the code is retired. */
  readonly wire: number;
  /** HTTP status of the hub's API (RFC 9110). */
  readonly http: number;
  /** Whether a retry without an idempotency key cannot make the work happen twice. */
  readonly retrySafe: boolean;
  /** What happened, for people. */
  readonly summary: string;
  /** What to do about it, for people. */
  readonly action: string;
}

/**
 * The one table of errors. Codes are stable: a code that is no longer used stays here marked as
 * retired, and neither its name nor its number is given to anything else.
 *
 * Numbers: 0x01–0x3f outcomes of exchanges, 0x40–0x5f sessions and connections, 0x60–0x7f the wire,
 * 0x80–0x9f enrolment and identity, 0xa0–0xbf administration, 0xc0–0xdf configuration and hosts,
 * 0xe0–0xff the transport.
 */
const ROWS = {
  // Outcomes of exchanges
  not_found: { wire: 0x01, http: 404, retrySafe: true, summary: 'No such machine, device or provider is known.', action: 'Check the address with `qconn machines` or a query.' },
  offline: { wire: 0x02, http: 503, retrySafe: true, summary: 'The target is known but not connected.', action: 'Try again when the machine is online.' },
  forbidden: { wire: 0x03, http: 403, retrySafe: true, summary: 'The policy does not allow this.', action: 'Ask an administrator for a role that grants it.' },
  busy: { wire: 0x04, http: 503, retrySafe: true, summary: 'The provider is at its limit of concurrent jobs.', action: 'Try again a little later.' },
  not_acknowledged: { wire: 0x05, http: 504, retrySafe: false, summary: 'The target did not acknowledge within the resolution deadline.', action: 'The job may have reached the target: retry with an idempotency key.' },
  deadline_exceeded: { wire: 0x06, http: 504, retrySafe: false, summary: 'Acknowledged, but no result within the job deadline; the result is unknown.', action: 'Ask the target what became of the job before sending it again.' },
  target_lost: { wire: 0x07, http: 502, retrySafe: false, summary: 'Acknowledged, then the connection to the target was lost; the result is unknown.', action: 'Ask the target what became of the job before sending it again.' },
  cancelled: { wire: 0x08, http: 499, retrySafe: false, summary: 'The request was cancelled by its sender.', action: 'Nothing, unless the job had already taken effect.' },
  rejected: { wire: 0x09, http: 422, retrySafe: true, summary: 'The provider refused the job before running it.', action: 'Read the reason, correct the request or the device, and send it again.' },
  handler_failed: { wire: 0x0a, http: 500, retrySafe: false, summary: "The provider's handler failed while running the job.", action: 'Look at the provider’s log; part of the work may have been done.' },
  too_large: { wire: 0x0b, http: 413, retrySafe: true, summary: 'A body, header block or address part is over its limit.', action: 'Send less; docs/protocol.md lists the limits.' },
  quota: { wire: 0x0c, http: 429, retrySafe: true, summary: 'The machine is over its rate or its number of exchanges in flight.', action: 'Wait as long as retry-after says, then try again.' },
  hub_draining: { wire: 0x0d, http: 503, retrySafe: true, summary: 'The hub is shutting down and takes no new exchanges.', action: 'Try again: the client reconnects by itself.' },
  sender_lost: { wire: 0x0e, http: 499, retrySafe: false, summary: 'The sender of the job is gone.', action: 'Nothing: nobody waits for the result any more.' },
  hub_lost: { wire: 0x0f, http: 502, retrySafe: false, summary: 'The connection to the hub was lost while the request was in flight; the result is unknown.', action: 'Retry with an idempotency key, or ask the target what became of the job.' },
  body_cut: { wire: 0x10, http: 502, retrySafe: false, summary: 'A streamed body ended before it was whole.', action: 'Throw away what has come of it; the other side or the hub gave up, or a connection was lost.' },
  body_corrupt: { wire: 0x11, http: 502, retrySafe: false, summary: 'A streamed body does not match its length or its SHA-256.', action: 'Throw away what has come of it, and report it: the program at the other end is faulty.' },
  answer_gone: { wire: 0x12, http: 410, retrySafe: false, summary: 'The job has run before, and its streamed answer was not kept.', action: 'Do not run it again; fetch its result where the provider stores it.' },
  result_unknown: { wire: 0x14, http: 502, retrySafe: false, summary: 'The provider stopped while it ran the job under this idempotency key; the result is unknown.', action: 'Find out at the device whether the job took effect; to run it again, use a new idempotency key.' },
  journal_unusable: { wire: 0x15, http: 500, retrySafe: true, summary: 'The provider cannot write down that it begins a job under an idempotency key, and did not run it.', action: 'Check the free space and the owner of the provider’s credential folder, where its journal of jobs is.' },

  // Sessions and connections
  closed: { wire: 0x40, http: 503, retrySafe: true, summary: 'The connection was closed.', action: 'Connect again.' },
  pending: { wire: 0x41, http: 403, retrySafe: true, summary: 'The machine waits for an administrator to authorize it.', action: 'Give the short code to an administrator.' },
  revoked: { wire: 0x42, http: 403, retrySafe: true, summary: 'The machine, or the credential that it presented, has been revoked.', action: 'Ask an administrator; a revoked machine has to enrol again with a new key (--new-key).' },
  unknown_machine: { wire: 0x43, http: 403, retrySafe: true, summary: 'The certificate is valid, but the hub knows no machine with that key.', action: 'Enrol the machine with this hub.' },
  going_away: { wire: 0x44, http: 503, retrySafe: true, summary: 'The hub asked its clients to go elsewhere.', action: 'Nothing: the client reconnects by itself.' },
  superseded: { wire: 0x45, http: 409, retrySafe: true, summary: 'The same machine connected again; the newer connection stays.', action: 'Check that the credential is not used by two programs at once.' },
  handshake_timeout: { wire: 0x46, http: 504, retrySafe: true, summary: 'The handshake or the hello did not finish in time.', action: 'Check the network between the machine and the hub.' },
  unreachable: { wire: 0x47, http: 503, retrySafe: true, summary: 'The hub did not answer at that address.', action: 'Check the address, the port (UDP for messages, TCP for the API and to enrol) and the firewall.' },
  idle_timeout: { wire: 0x48, http: 504, retrySafe: true, summary: 'Nothing was heard from the peer for the idle timeout.', action: 'Check the network between the machine and the hub.' },
  internal: { wire: 0x49, http: 500, retrySafe: false, summary: 'Something failed inside qconn.', action: 'Report it with the log lines around it.' },
  overloaded: { wire: 0x4a, http: 503, retrySafe: true, summary: 'The hub has as many connections as it may have.', action: 'Try again later, or raise the limit.' },
  identity_unavailable: { wire: 0x4b, http: 503, retrySafe: true, summary: 'The hub could not look up who the peer is.', action: 'Try again; the hub’s log says why.' },
  no_answer: { wire: 0x4c, http: 504, retrySafe: true, summary: 'The hub did not answer in time.', action: 'Try again; if it goes on, look at the hub’s log and at how busy it is.' },

  // The wire
  bad_frame: { wire: 0x60, http: 400, retrySafe: true, summary: 'A frame is malformed.', action: 'Update the program that sent it; it does not speak qconn/1 correctly.' },
  frame_too_large: { wire: 0x61, http: 413, retrySafe: true, summary: 'A frame announces more bytes than its limit.', action: 'Update the program that sent it; it does not speak qconn/1 correctly.' },
  unexpected_frame: { wire: 0x62, http: 400, retrySafe: true, summary: 'A frame came where the protocol does not allow it.', action: 'Update the program that sent it; it does not speak qconn/1 correctly.' },
  bad_stream: { wire: 0x63, http: 400, retrySafe: true, summary: 'A stream does not begin with a known stream type.', action: 'Update the program that sent it; it does not speak qconn/1 correctly.' },
  bad_address: { wire: 0x64, http: 400, retrySafe: true, summary: 'An address part is malformed.', action: 'Use lower-case dotted service types and printable names of at most 128 bytes.' },

  // Enrolment and identity
  token_malformed: { wire: 0x80, http: 400, retrySafe: true, summary: 'That is not a qconn token: its checksum or shape is wrong.', action: 'Copy the whole text again: a token begins with qt1, a bootstrap secret with qb1, an API key with qk_.' },
  token_unknown: { wire: 0x81, http: 401, retrySafe: true, summary: 'The hub knows no such enrolment token.', action: 'Create a new one with `qconn token create`.' },
  token_spent: { wire: 0x82, http: 401, retrySafe: true, summary: 'The enrolment token has been used as often as it may be.', action: 'Create a new one with `qconn token create`.' },
  token_expired: { wire: 0x83, http: 401, retrySafe: true, summary: 'The enrolment token has expired.', action: 'Create a new one with `qconn token create`.' },
  token_revoked: { wire: 0x84, http: 401, retrySafe: true, summary: 'The enrolment token has been revoked.', action: 'Ask an administrator for a new one.' },
  pin_mismatch: { wire: 0x85, http: 495, retrySafe: true, summary: 'The server is not the hub that the token or profile was made for.', action: 'Check the address; if it is right, somebody is in between or the hub has a new root CA.' },
  hub_untrusted: { wire: 0x86, http: 495, retrySafe: true, summary: 'The server’s certificate does not verify for that address.', action: 'Use a host name or IP address that the hub was initialised with; if it is another hub, enrol with it; where it is a matter of time, set the clock.' },
  csr_malformed: { wire: 0x87, http: 400, retrySafe: true, summary: 'The certificate request cannot be read.', action: 'Send a PKCS#10 request in DER or PEM.' },
  csr_bad_signature: { wire: 0x88, http: 400, retrySafe: true, summary: 'The certificate request is not signed by its own key.', action: 'Make the request again with the matching private key.' },
  csr_bad_key: { wire: 0x89, http: 400, retrySafe: true, summary: 'The certificate request has a key that is not ECDSA P-256.', action: 'Generate an ECDSA P-256 key.' },
  csr_refused: { wire: 0x8a, http: 400, retrySafe: true, summary: 'The certificate request asks for something that it may not ask for.', action: 'Leave extensions to the hub: it writes subject and names itself.' },
  certificate_required: { wire: 0x8b, http: 401, retrySafe: true, summary: 'No client certificate was presented.', action: 'Enrol the machine first.' },
  certificate_untrusted: { wire: 0x8c, http: 401, retrySafe: true, summary: 'The certificate was not issued by this hub’s CA.', action: 'Enrol the machine with this hub.' },
  certificate_expired: { wire: 0x8d, http: 401, retrySafe: true, summary: 'The certificate has expired.', action: 'Renew or enrol again; check the clock of both sides.' },
  certificate_rejected: { wire: 0x8e, http: 401, retrySafe: true, summary: 'The certificate is not acceptable.', action: 'Enrol the machine again.' },
  credential_missing: { wire: 0x8f, http: 404, retrySafe: true, summary: 'There is no usable credential in the folder.', action: 'Enrol first, or name the right folder.' },
  credential_damaged: { wire: 0x90, http: 500, retrySafe: true, summary: 'The credential on disk cannot be used.', action: 'Restore the folder or enrol again.' },
  credential_exposed: { wire: 0x91, http: 500, retrySafe: true, summary: 'A credential file can be read by others.', action: 'Set the folder to 0700 and the files to 0600, owned by the program’s user.' },
  hostname_invalid: { wire: 0x92, http: 400, retrySafe: true, summary: 'That is not a usable hostname.', action: 'Use letters, digits, dots and hyphens (RFC 1123), at most 128 bytes.' },
  renewal_refused: { wire: 0x93, http: 403, retrySafe: true, summary: 'The hub does not renew this credential.', action: 'Enrol the machine again.' },
  fingerprint_malformed: { wire: 0x94, http: 400, retrySafe: true, summary: 'That is not a fingerprint: its checksum or shape is wrong.', action: 'Copy the whole fingerprint again; it begins with qc1.' },
  ca_unusable: { wire: 0x95, http: 500, retrySafe: true, summary: 'The CA’s files cannot be used.', action: 'Name the data folder that has them, or restore them from the backup; without them no certificate can be issued.' },
  passphrase_wrong: { wire: 0x96, http: 401, retrySafe: true, summary: 'The passphrase is missing or wrong, or what it protects was changed.', action: 'Give the passphrase under which the credential or CA was stored.' },
  credential_unwritable: { wire: 0x97, http: 500, retrySafe: true, summary: 'The credential folder cannot be written.', action: 'Check its owner, the free space and whether the file system is read-only; what was there is untouched.' },
  already_enrolled: { wire: 0x98, http: 409, retrySafe: true, summary: 'The folder holds a usable credential already.', action: 'Use it, name another folder, or replace it with --force.' },

  // Administration
  unauthenticated: { wire: 0xa0, http: 401, retrySafe: true, summary: 'The request carries no valid key.', action: 'Log in with `qconn login`, or send an API key.' },
  hostname_taken: { wire: 0xa1, http: 409, retrySafe: true, summary: 'The hostname is held by another authorized machine.', action: 'Choose another hostname, or revoke the machine that holds it.' },
  invalid_state: { wire: 0xa2, http: 409, retrySafe: true, summary: 'The object is not in a state that allows this.', action: 'Look at its state first.' },
  invalid_request: { wire: 0xa3, http: 400, retrySafe: true, summary: 'The request does not match its schema.', action: 'Correct the fields that the message names.' },
  unknown_role: { wire: 0xa4, http: 404, retrySafe: true, summary: 'No such role.', action: 'List the roles with `qconn roles`.' },
  role_in_use: { wire: 0xa5, http: 409, retrySafe: true, summary: 'The role is still assigned to machines or API keys.', action: 'Take it from them first, or delete it with --force, which does.' },
  already_initialised: { wire: 0xa6, http: 409, retrySafe: true, summary: 'This hub has been initialised already.', action: 'Use `qconn-hub serve`, or another data folder.' },
  not_initialised: { wire: 0xa7, http: 409, retrySafe: true, summary: 'This hub has not been initialised.', action: 'Run `qconn-hub init` first.' },
  bootstrap_spent: { wire: 0xa8, http: 401, retrySafe: true, summary: 'The bootstrap secret has been used or is not the right one.', action: 'Use an API key, or make a new secret on the hub host.' },
  unknown_object: { wire: 0xa9, http: 404, retrySafe: true, summary: 'No such object.', action: 'Check the identifier.' },
  rate_limited: { wire: 0xaa, http: 429, retrySafe: true, summary: 'Too many requests from this address.', action: 'Wait as long as retry-after says, then try again.' },
  edit_conflict: { wire: 0xab, http: 412, retrySafe: true, summary: 'Somebody else has edited the object in the meantime.', action: 'Look at it again, and repeat the edit on what is there now.' },
  precondition_required: { wire: 0xae, http: 428, retrySafe: true, summary: 'An edit has to say which version it builds on.', action: 'Send If-Match with the ETag that you saw, If-None-Match: * for what must not exist yet, or If-Match: * for whatever is there.' },
  already_done: { wire: 0xaf, http: 409, retrySafe: true, summary: 'A request with this Idempotency-Key has been done.', action: 'Look at what is there; if its answer held a secret that is lost, revoke that object and make another with a new key.' },
  idempotency_mismatch: { wire: 0xb0, http: 422, retrySafe: true, summary: 'The Idempotency-Key belongs to another request.', action: 'Choose a new key for each thing to be done.' },
  self_lockout: { wire: 0xb1, http: 409, retrySafe: true, summary: 'The change would take the right to undo it from the one who makes it.', action: 'Leave yourself roles.write, or let another administrator do it.' },
  withdrawn: { wire: 0xb5, http: 404, retrySafe: true, summary: 'The machine took the device back.', action: 'Nothing; if the device is missed, look at the program that provided it.' },
  policy_stale: { wire: 0xb4, http: 503, retrySafe: true, summary: 'The hub has not reached its database for so long that it no longer knows who may do what.', action: 'Bring the hub’s database back: the hub serves again by itself, and its clients return by themselves.' },
  rotation_blocked: { wire: 0xac, http: 409, retrySafe: true, summary: 'Machines would be locked out by this step of the CA’s rotation.', action: 'Wait until `qconn ca status` names nobody any more, or revoke the machines that it names.' },

  // Configuration and hosts
  config_invalid: { wire: 0xc0, http: 400, retrySafe: true, summary: 'The configuration has mistakes.', action: 'Correct the keys that the message names.' },
  database_unavailable: { wire: 0xc1, http: 503, retrySafe: true, summary: 'The database cannot be reached.', action: 'Check DATABASE_URL and the server; with the embedded one, the data folder.' },
  data_locked: { wire: 0xc2, http: 409, retrySafe: true, summary: 'Another hub uses the same data folder.', action: 'Stop the other process, or use another folder.' },
  address_in_use: { wire: 0xc3, http: 500, retrySafe: true, summary: 'The listening address is in use or not on this machine.', action: 'Choose another address or stop the other program.' },
  schema_newer: { wire: 0xc4, http: 500, retrySafe: true, summary: 'The database was written by a newer qconn.', action: 'Run that version or newer.' },
  usage: { wire: 0xc5, http: 400, retrySafe: true, summary: 'The command line is not understood.', action: 'See --help.' },
  agent_running: { wire: 0xc6, http: 409, retrySafe: true, summary: 'Another agent runs with the same credential folder.', action: 'Stop it first, or use another folder: `qconn-agent status` shows it.' },
  control_unavailable: { wire: 0xc7, http: 500, retrySafe: true, summary: 'The socket over which a running agent answers cannot be made.', action: 'Check that the credential folder can be written and that its path has fewer than 100 characters.' },

  // Transport
  no_alpn: { wire: 0xe0, http: 400, retrySafe: true, summary: 'The peers share no application protocol.', action: 'Update the older of the two programs.' },
  tls_config: { wire: 0xe1, http: 500, retrySafe: true, summary: 'Certificate, key or trust bundle cannot be used for TLS.', action: 'Check that the key belongs to the certificate and that both are PEM.' },
  stream_reset: { wire: 0xe2, http: 502, retrySafe: false, summary: 'The peer reset the stream.', action: 'Nothing: the exchange reports its outcome.' },
  stream_limit: { wire: 0xe3, http: 429, retrySafe: true, summary: 'The peer allows no more streams now.', action: 'Wait for one to end.' },
  handler_error: { wire: 0xe4, http: 500, retrySafe: false, summary: 'The handler of the connection failed.', action: 'Look at the log of the side that closed.' },
  flood: { wire: 0xe5, http: 429, retrySafe: true, summary: 'The peer sent more control traffic than any honest peer would.', action: 'Update the program that sent it.' },
  no_handler: { wire: 0xe6, http: 500, retrySafe: true, summary: 'The endpoint is to serve, but no handler is registered.', action: 'Register a handler for each protocol that it is to speak.' },
} as const;

/** A stable error code. */
export type ErrorCode = keyof typeof ROWS;

/** The table, by code. */
export const ERROR_TABLE: Readonly<Record<ErrorCode, ErrorRow>> = ROWS;
